/** A file system of this machine, ext4 in a file, that is frozen and thawed on command, as a snapshot does it. */
import { execFile, spawn, type ChildProcess } from 'node:child_process';
import { existsSync, mkdirSync, mkdtempSync, rmSync, truncateSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import process from 'node:process';
import { promisify } from 'node:util';

const IMAGE_BYTES = 32 * 1024 * 1024;
/** A thread that waits for the file system itself can't thaw it, nor be killed: another process does so in the end. */
export const LONGEST_SECONDS = 8;
const run = promisify(execFile);

export class FreezingFileSystem {
  readonly folder: string;
  private rescuer: ChildProcess | undefined = undefined;

  private constructor(private readonly directory: string) {
    this.folder = join(directory, 'mounted');
  }

  /** @returns the file system, or why there can be none here. */
  static async mount(): Promise<FreezingFileSystem | string> {
    if (process.platform !== 'linux' || !existsSync('/dev/loop-control')) return 'there are no loop devices';
    if (process.getuid?.() !== 0) return 'only root mounts';
    const directory = mkdtempSync(join(tmpdir(), 'pollux-frozen-'));
    const image = join(directory, 'image');
    const made = new FreezingFileSystem(directory);
    writeFileSync(image, '');
    truncateSync(image, IMAGE_BYTES);
    mkdirSync(made.folder);
    try {
      await run('mkfs.ext4', ['-q', image]);
      await run('mount', ['-o', 'loop', image, made.folder]);
    } catch (error) {
      rmSync(directory, { recursive: true });
      return `no ext4 can be made and mounted here: ${(error as Error).message.trim()}`;
    }
    return made;
  }

  path(name: string): string {
    return join(this.folder, name);
  }

  /** From now on whatever would change it waits. */
  async freeze(): Promise<void> {
    const rescue = `sleep ${LONGEST_SECONDS}; exec fsfreeze --unfreeze "$0"`;
    this.rescuer = spawn('sh', ['-c', rescue, this.folder], { stdio: 'ignore' });
    await run('fsfreeze', ['--freeze', this.folder]);
  }

  async thaw(): Promise<void> {
    if (this.rescuer === undefined) return;
    this.rescuer.kill();
    this.rescuer = undefined;
    // Refused where the other process was first.
    await run('fsfreeze', ['--unfreeze', this.folder]).catch(() => {});
  }

  async unmount(): Promise<void> {
    await this.thaw();
    await run('umount', [this.folder]);
    rmSync(this.directory, { recursive: true });
  }
}
