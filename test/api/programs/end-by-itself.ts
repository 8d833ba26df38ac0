/** A process in which something was made and unref'd, or closed: it has to end by itself. Says 'alive' in its last callback. */
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import process from 'node:process';
import { adopt, connect, currentReactor, listen, watch } from 'pollux';
import { pipe } from '../../../src/sys/file/io.js';
import { socketpair } from '../../../src/sys/socket/socket.js';

const scenarios: Record<string, () => Promise<void> | void> = {
  'a reactor that has nothing': () => {
    currentReactor();
  },
  'a listener that was closed': async () => {
    await (await listen({ host: '127.0.0.1' })).close();
  },
  'a listener that is unref-ed': async () => {
    (await listen({ host: '127.0.0.1', onConnection: () => {} })).unref();
  },
  'connections that were closed': async () => {
    const [first, second] = socketpair().map(fd => adopt(fd));
    await Promise.all([first.close(), second.close()]);
  },
  'connections that are unref-ed': () => {
    for (const fd of socketpair()) {
      const connection = adopt(fd).unref();
      connection.onData = () => {};
    }
  },
  'a connection that is unref-ed after it was served': async () => {
    const [first, second] = socketpair().map(fd => adopt(fd));
    first.send('x');
    await second.read();
    first.unref();
    second.unref();
    second.onData = () => {};
  },
  'a connect that was refused': async () => {
    const path = join(mkdtempSync(join(tmpdir(), 'pollux-')), 'socket');
    await connect({ path }).catch(() => {});
    rmSync(join(path, '..'), { recursive: true });
  },
  'a watch that was closed': () => {
    watch(pipe()[0], { readable: true }, () => {}).close();
  },
  'a watch that is unref-ed': () => {
    watch(pipe()[0], { readable: true }, () => {}).unref();
  },
  'a timer of Node beside an unref-ed listener': async () => {
    (await listen({ host: '127.0.0.1', onConnection: () => {} })).unref();
    await new Promise(resolve => setTimeout(resolve, 20));
  },
};

await scenarios[process.argv[2]]();
process.stdout.write('alive');
