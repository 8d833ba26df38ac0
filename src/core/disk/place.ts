/**
 * Where a file lies, and so whether a call on it would wait. The one place that decides it, for opening, asking,
 * reading, sending and closing: the calls on a local file system behind the page cache can be asked to answer from
 * memory or not at all, and describe what is open without a disk. Any other (NFS, CIFS, FUSE, what nobody knows) may
 * ask a server or another process at each of them, for as long as that takes: there every call belongs on the pool.
 */
import { O_CLOEXEC } from '../../sys/ffi/constants.js';
import { AT_FDCWD, O_NOFOLLOW, O_PATH } from '../../sys/file/file-constants.js';
import { close } from '../../sys/file/io.js';
import { mountIdOf, MountTable, type Mount } from '../../sys/file/mounts.js';
import { openCached, targetOf } from '../../sys/file/open-file.js';

export interface Place {
  /** Whose calls wait in one queue: st_dev, as far as the mount tells it. */
  readonly device: number;
  /** fstat(2) does not wait, and neither do calls that are asked not to. */
  readonly isLocal: boolean;
  /** Nothing lies behind the page cache, and nothing can freeze it: no write waits either. */
  readonly isMemory: boolean;
}

/** Of files whose mount nobody knows. */
export const UNKNOWN_PLACE: Place = { device: -1, isLocal: false, isMemory: false };

const MEMORY = new Set(['tmpfs', 'ramfs', 'rootfs']);
const LOCAL = new Set([
  ...MEMORY,
  ...['ext2', 'ext3', 'ext4', 'xfs', 'btrfs', 'f2fs', 'vfat', 'exfat', 'erofs', 'squashfs', 'iso9660'],
]);

/** How far back it is asked what the kernel remembers of a path, links included; Linux follows forty. */
const MOST_STEPS = 64;
/** Overlays may lie over overlays: Linux allows two, so this is for none that we know. */
const MOST_LAYERS = 4;

const table = new MountTable();
const places = new Map<Mount, Place>();
let placesVersion = 0;
const localDevices = new Set<number>();
let root: Place | undefined = undefined;

/** Whether calls on a device come to an end by themselves, as far as can be told. */
export function isLocalDevice(device: number): boolean {
  return localDevices.has(device);
}

/** Where an open descriptor lies, of whatever it is. It stays right for as long as the descriptor is open. */
export function placeOf(fd: number): Place {
  const mountId = mountIdOf(fd);
  const mount = mountId === undefined ? undefined : table.get(mountId);
  return mount === undefined ? UNKNOWN_PLACE : placeIn(mount);
}

/** Where absolute paths begin; unknown, too, where the kernel does not answer such questions. */
export function rootPlace(): Place {
  root ??= follow(AT_FDCWD, '/');
  return root ?? UNKNOWN_PLACE;
}

/** What is known of where a path leads. */
export interface Lead {
  readonly place: Place;
  /** All of the path is in the kernel's memory, so that `place` is where it ends. */
  readonly isWhole: boolean;
}

/**
 * Nothing is asked of a file system for it: only what the kernel remembers of the path is followed. A path of which it
 * remembers a part is going to wait where that part ends.
 *
 * @param directory the descriptor that a relative path begins at.
 */
export function leadOf(directory: number, path: string): Lead {
  if (rootPlace() === UNKNOWN_PLACE) return { place: unknownPlace(path), isWhole: false };
  const whole = follow(directory, path);
  if (whole !== undefined) return { place: whole, isWhole: true };
  return { place: deepestKnown(directory, path) ?? unknownPlace(path), isWhole: false };
}

/** One that stands for the folder of a path, so that not all that is unknown waits in one queue. */
function unknownPlace(path: string): Place {
  let hash = 0;
  for (const character of parentOf(path)) hash = (Math.imul(hash, 31) + character.codePointAt(0)!) | 0;
  return { ...UNKNOWN_PLACE, device: UNKNOWN_PLACE.device - 1 - (hash >>> 0) };
}

/** The place of the last directory on the way that the kernel remembers. */
function deepestKnown(directory: number, path: string): Place | undefined {
  let rest = path;
  for (let steps = 0; steps < MOST_STEPS; steps++) {
    const parent = parentOf(rest);
    const target = targetOfLink(directory, rest);
    if (target !== undefined) rest = target.startsWith('/') ? target : `${parent}/${target}`;
    else if (rest !== parent) rest = parent;
    else return undefined;
    const place = follow(directory, rest);
    if (place !== undefined) return place;
  }
  return undefined;
}

/** Where a link points that the kernel has in memory, unless its file system would have to be asked. */
function targetOfLink(directory: number, path: string): string | undefined {
  const link = openCached(directory, path, O_PATH | O_NOFOLLOW | O_CLOEXEC, 0);
  if (link < 0) return undefined;
  const target = placeOf(link).isLocal ? targetOf(link) : undefined;
  close(link);
  return target;
}

function parentOf(path: string): string {
  const end = path.replace(/\/+$/, '').lastIndexOf('/');
  if (end > 0) return path.slice(0, end);
  return path.startsWith('/') ? '/' : '.';
}

/** @returns undefined where the kernel does not have all of the path in memory, or does not answer such questions. */
function follow(directory: number, path: string): Place | undefined {
  const fd = openCached(directory, path, O_PATH | O_CLOEXEC, 0);
  if (fd < 0) return undefined;
  const place = placeOf(fd);
  close(fd);
  return place;
}

function placeIn(mount: Mount): Place {
  if (placesVersion !== table.version) {
    places.clear();
    placesVersion = table.version;
  }
  let place = places.get(mount);
  if (place === undefined) {
    const { device, type } = mount;
    place = { device, isLocal: isLocal(mount, 0), isMemory: MEMORY.has(type) };
    places.set(mount, place);
    // The number may have been another's before.
    if (place.isLocal) localDevices.add(device);
    else localDevices.delete(device);
  }
  return place;
}

/** An overlay lies over others: it is local if none of its layers is seen to be elsewhere. */
function isLocal(mount: Mount, depth: number): boolean {
  if (mount.type !== 'overlay') return LOCAL.has(mount.type);
  return layersOf(mount).every(layer => {
    const below = table.at(layer);
    // A container does not see the mounts that its own root is made of.
    return below === undefined || below === mount || (depth < MOST_LAYERS && isLocal(below, depth + 1));
  });
}

function layersOf({ options }: Mount): string[] {
  return options
    .split(',')
    .flatMap(option => /^(?:lowerdir\+?|upperdir|datadir\+)=(.*)$/.exec(option)?.[1].split(':') ?? []);
}
