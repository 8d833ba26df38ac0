/** A server that turns clients away while its thread is busy: node dist/examples/shed-load.js [PORT [SHARE]] */
import process from 'node:process';
import { currentReactor, listen } from 'pollux';

const [port = 7009, bound = 0.9] = process.argv.slice(2).map(Number);
const listener = await listen({ port, host: '127.0.0.1' });

const reactor = currentReactor();
let before = reactor.utilization();
let isBusy = false;
const second = setInterval(() => {
  isBusy = reactor.utilization(before).utilization > bound;
  before = reactor.utilization();
}, 1000);

listener.onConnection = connection => connection.end(isBusy ? 'come back later\n' : 'welcome\n');
process.once('SIGINT', () => {
  clearInterval(second);
  void listener.close();
});
console.log(`listening on 127.0.0.1:${listener.port}`);
