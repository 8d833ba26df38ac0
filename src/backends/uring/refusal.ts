/** Why a ring was refused, and what would change that. */
import type { IoError } from '../../sys/ffi/io-error.js';
import { kernelSetting } from '../../sys/process/resource-limits.js';
import type { BackendProbe } from '../contract.js';

type Explanation = Pick<BackendProbe, 'reason' | 'fix'>;

const ALLOW = "allow io_uring_setup, io_uring_enter and io_uring_register in the container's seccomp profile";

/** @param disabled the setting kernel.io_uring_disabled. */
export function explainRefusal(
  { code, syscall, message }: IoError,
  disabled = kernelSetting('kernel.io_uring_disabled')?.[0] ?? 0,
): Explanation {
  if (syscall === 'io_uring_setup' && code === 'EPERM' && disabled > 0) {
    const whom = disabled === 1 ? 'all but privileged users and kernel.io_uring_group' : 'everybody';
    return {
      reason: `${syscall}: ${code}; kernel.io_uring_disabled is ${disabled}, which shuts it for ${whom}`,
      fix: 'sysctl -w kernel.io_uring_disabled=0',
    };
  }
  if (code === 'EPERM' || code === 'EACCES') {
    return {
      reason: `${syscall}: ${code}; a sandbox (seccomp, as in Docker's default profile) forbids it`,
      fix: ALLOW,
    };
  }
  if (code === 'ENOSYS') {
    const older = 'the kernel is too old or built without it, or a sandbox (seccomp, gVisor) has none';
    return { reason: `${syscall}: ${code}; ${older}`, fix: 'a kernel of 6.1 or later, outside of a sandbox' };
  }
  if (code === 'ENOMEM') {
    return { reason: `${syscall}: ${code}; \`ulimit -l\` leaves no memory for a ring`, fix: 'ulimit -l unlimited' };
  }
  if (code === 'EMFILE') return { reason: message, fix: 'raise `ulimit -n`' };
  return { reason: message };
}
