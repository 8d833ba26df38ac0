/** Echo with Bun's own sockets; run by Bun. */
import { obey } from './control.js';

interface BunSocket {
  write(data: Uint8Array): number;
}

/** The little of Bun's API that this needs, so that its types need not be installed. */
declare const Bun: {
  listen(options: {
    hostname: string;
    port: number;
    socket: { open(socket: BunSocket): void; data(socket: BunSocket, data: Uint8Array): void };
  }): { readonly port: number };
};

let accepted = 0;
const listener = Bun.listen({
  hostname: '127.0.0.1',
  port: 0,
  socket: {
    open() {
      accepted++;
    },
    data(socket, data) {
      socket.write(data);
    },
  },
});

void obey(listener.port, { accepted: () => ({ accepted }) });
