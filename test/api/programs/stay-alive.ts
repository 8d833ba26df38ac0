/** A process that nothing but Pollux keeps alive: it says 'served' once what it waits for has come, 20 ms later. */
import process from 'node:process';
import { spawn } from 'node:child_process';
import { adopt, connect, listen, type InternetAddress } from 'pollux';
import { socketpair } from '../../../src/sys/socket/socket.js';

const say = () => process.stdout.write('served');

const scenarios: Record<string, () => Promise<void> | void> = {
  'a listener': async () => {
    const listener = await listen({ host: '127.0.0.1' });
    listener.onConnection = connection => {
      say();
      connection.destroy();
      void listener.close();
    };
    const { port } = listener.address as InternetAddress;
    // Another process comes later: nothing here waits for it but the listener.
    const script = `setTimeout(() => require('node:net').connect(${port}, '127.0.0.1').on('error', () => {}), 20)`;
    spawn(process.execPath, ['-e', script], { stdio: 'ignore' }).unref();
  },
  'a listener that is unref-ed and ref-ed again': async () => {
    const listener = (await listen({ host: '127.0.0.1' })).unref().ref();
    listener.onConnection = connection => {
      say();
      connection.destroy();
      void listener.close();
    };
    const { port } = listener.address as InternetAddress;
    setTimeout(() => void connect({ host: '127.0.0.1', port }).then(client => client.close()), 20).unref();
  },
  'a connect that a timer without a reference ends': async () => {
    // A full backlog answers nobody.
    const listener = await listen({ host: '127.0.0.1', backlog: 1 });
    listener.unref();
    const { port } = listener.address as InternetAddress;
    const attempts = Array.from({ length: 8 }, () =>
      connect({ host: '127.0.0.1', port, signal: AbortSignal.timeout(50) }).then(
        client => void client.unref(),
        () => {},
      ),
    );
    await Promise.all(attempts);
    say();
  },
  'a timeout of a connection': () => {
    const [first, second] = socketpair().map(fd => adopt(fd));
    first.onTimeout = () => {
      say();
      first.destroy();
      second.destroy();
    };
    first.setTimeouts({ idleMs: 20 });
  },
  'a close that lingers': async () => {
    const [first, second] = socketpair().map(fd => adopt(fd, { lingerMs: 20 }));
    second.unref();
    await first.close();
    say();
    second.destroy();
  },
};

await scenarios[process.argv[2]]();
