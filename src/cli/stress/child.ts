/** Entry of the child processes of `pollux stress`: one side each, under orders. */
import process from 'node:process';
import { FloodClient } from './client.js';
import type { Order, Report } from './messages.js';
import { SinkServer } from './server.js';
import type { SideProgress } from './tally.js';

const PROGRESS_MS = 250;

let side: SinkServer | FloodClient | undefined;

function tell(report: Report): void {
  process.send!(report);
}

/** The channel keeps the process alive; it goes when the last word is out. */
function tellLast(report: Report): void {
  process.send!(report, () => process.disconnect());
}

function reportProgress(of: { progress(): SideProgress }): void {
  setInterval(() => tell({ report: 'progress', progress: of.progress() }), PROGRESS_MS).unref();
}

async function obey(message: Order): Promise<void> {
  switch (message.order) {
    case 'serve': {
      const server = await SinkServer.start(message.plan);
      side = server;
      reportProgress(server);
      tell({ report: 'listening', port: server.port });
      break;
    }
    case 'flood': {
      const client = new FloodClient(message.plan);
      side = client;
      reportProgress(client);
      await client.pushed;
      tell({ report: 'pushed' });
      break;
    }
    case 'stop':
      (side as FloodClient).stop();
      break;
    case 'count':
      (side as SinkServer).noteHeld();
      tell({ report: 'counted' });
      break;
    case 'finish':
      tellLast({ report: 'result', result: await side!.finish() });
      break;
  }
}

process.on('message', (message: Order) => {
  obey(message).catch((error: Error) => {
    tellLast({ report: 'failed', message: error.message });
  });
});
// Ctrl-C reaches the whole group; what to do about it is the coordinator's to say.
process.on('SIGINT', () => {});
// Without a coordinator nobody wants the result.
process.on('disconnect', () => process.exit());
