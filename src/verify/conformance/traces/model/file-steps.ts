/** Files, directories and FIFOs. */
import type { OpenFlag } from '../../../model/filesystem.js';
import { Refusal } from '../../../model/refusal.js';
import { Crc32 } from '../crc32.js';
import type { Step } from '../trace.js';
import { attempt, type Play, type Scene } from './scene.js';

/** Byte i of a file is i modulo this. */
const PATTERN = 251;

const makeFile: Play = (scene, step) =>
  attempt(() => {
    const { kernel } = scene;
    const bytes = Uint8Array.from({ length: step.size as number }, (_, index) => index % PATTERN);
    const fd = kernel.open(step.path as string, ['WRONLY', 'CREAT', 'TRUNC']);
    kernel.descriptors.at(fd).write(bytes);
    kernel.descriptors.close(fd);
    return { crc32: new Crc32().update(bytes).hex };
  });

const open: Play = (scene, step) =>
  attempt(() => {
    scene.names.bind(step.as, scene.kernel.open(step.path as string, step.flags as OpenFlag[]));
    return undefined;
  });

const ftruncate: Play = (scene, step) =>
  attempt(() => {
    scene.kernel.files.resize(scene.kernel.fileAt(scene.fd(step.fd)).vnode, step.size as number);
    return undefined;
  });

const lseek: Play = (scene, step) =>
  attempt(
    () => {
      const file = scene.kernel.fileAt(scene.fd(step.fd));
      const bases: Readonly<Record<string, number>> = { SET: 0, CUR: file.offset, END: file.vnode.size };
      const offset = bases[step.whence as string] + (step.offset as number);
      if (offset < 0) throw new Refusal('EINVAL');
      file.offset = offset;
      return { returned: offset };
    },
    { returned: -1 },
  );

const fileCrc: Play = (scene, step) =>
  attempt(() => {
    const fd = scene.kernel.open(step.path as string, ['RDONLY']);
    const { bytes } = scene.kernel.fileAt(fd).vnode;
    scene.kernel.descriptors.close(fd);
    return { size: bytes.length, crc32: new Crc32().update(bytes).hex };
  });

function onPath(change: (scene: Scene, path: string, step: Step) => void): Play {
  return (scene, step) =>
    attempt(() => {
      change(scene, step.path as string, step);
      return undefined;
    });
}

export const fileSteps: Readonly<Record<string, Play>> = {
  makeFile,
  open,
  ftruncate,
  lseek,
  fileCrc,
  mkfifo: onPath(({ kernel }, path) => kernel.files.mkfifo(path)),
  mkdir: onPath(({ kernel }, path) => kernel.files.mkdir(path)),
  rmdir: onPath(({ kernel }, path) => kernel.files.rmdir(path)),
  unlink: onPath(({ kernel }, path) => kernel.files.unlink(path)),
  chmod: onPath(({ kernel }, path) => kernel.files.chmod(path)),
  truncate: onPath(({ kernel }, path, step) => kernel.files.truncate(path, step.size as number)),
  rename: onPath(({ kernel }, path, step) => kernel.files.rename(path, step.to as string)),
  link: onPath(({ kernel }, path, step) => kernel.files.link(path, step.to as string)),
};
