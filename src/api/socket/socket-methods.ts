/** The methods of `Socket`, which connections, listeners and datagram sockets have in common. */
import { ref, unref } from '../keep-alive.js';
import { openFd, sharedFd, type Socket, type SocketPart } from './socket.js';
import {
  getAnyOption,
  setAnyOption,
  setBufferBytes,
  setKeepAlive,
  setLinger,
  setNoDelay,
  type KeepAliveOptions,
} from './socket-options.js';

type Methods = Omit<Socket, 'reactor' | 'isClosed'>;

const methods: Methods & ThisType<SocketPart> = {
  get fd(): number {
    return sharedFd(this);
  },
  setNoDelay(enable = true): void {
    setNoDelay(openFd(this), enable);
  },
  setKeepAlive(enable = true, keepAlive?: KeepAliveOptions): void {
    setKeepAlive(openFd(this), enable, keepAlive);
  },
  setBufferBytes(direction: 'send' | 'receive', lengthBytes: number): number {
    return setBufferBytes(openFd(this), direction, lengthBytes);
  },
  setLinger(seconds: number | undefined): void {
    setLinger(openFd(this), seconds);
  },
  setOption(level: number, name: number, value: number | Uint8Array): void {
    setAnyOption(openFd(this), level, name, value);
  },
  getOption(level: number, name: number): Uint8Array {
    return getAnyOption(openFd(this), level, name);
  },
  ref() {
    return ref(this) as never;
  },
  unref() {
    return unref(this) as never;
  },
};

/** Gives them to the objects of a class. */
export function addSocketMethods(prototype: SocketPart): void {
  for (const [name, property] of Object.entries(Object.getOwnPropertyDescriptors(methods))) {
    Object.defineProperty(prototype, name, { ...property, enumerable: false });
  }
}
