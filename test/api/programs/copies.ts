/** Several copies of this package in one thread: what tsc made, the bundle, and copies of the bundle. */
import { cpSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import * as compiled from '../../../src/index.js';

type Copy = typeof compiled;

const dist = new URL('../../../', import.meta.url);
const folders: URL[] = [];

/** A copy of the bundle. @param version what it says of itself. */
async function copyOfBundle(version?: string): Promise<Copy> {
  const folder = new URL(`copy-${process.pid}-${folders.length}/`, dist);
  folders.push(folder);
  cpSync(new URL('lib/', dist), folder, { recursive: true });
  if (version !== undefined) {
    const chunk = fileURLToPath(new URL('pollux.js', folder));
    const code = readFileSync(chunk, 'utf8');
    writeFileSync(chunk, code.replace(/const VERSION = '[^']+'/, `const VERSION = '${version}'`));
  }
  return (await import(new URL('index.js', folder).href)) as Copy;
}

async function echo(copy: Copy): Promise<{ answer: string; end(): Promise<void>; client: compiled.Connection }> {
  const listener = await copy.listen({ host: '127.0.0.1' });
  listener.onConnection = connection => {
    connection.onData = chunk => connection.send(chunk);
  };
  const client = await copy.connect({ host: '127.0.0.1', port: listener.port });
  client.send('ping');
  const answer = (await client.read())!.toString();
  const end = async () => {
    client.destroy();
    await listener.close();
  };
  return { answer, end, client };
}

/** What goes wrong, in its own words. */
async function refusal(act: () => unknown): Promise<string> {
  try {
    await act();
    return 'nothing went wrong';
  } catch (error) {
    return (error as Error).message.replaceAll(/file:[^),; ]*\.js/g, 'URL');
  }
}

const scenes: Record<string, () => Promise<unknown>> = {
  async 'one version'() {
    const copies = [compiled, await copyOfBundle(), await copyOfBundle()];
    const echoes = await Promise.all(copies.map(echo));
    const reactors = new Set(copies.map(copy => copy.currentReactor()));
    const { counters } = compiled.currentReactor();
    let idleTurns = Infinity;
    for (let count = 0; count < 4; count++) {
      const { turns } = counters;
      await new Promise(resolve => setTimeout(resolve, 100));
      idleTurns = Math.min(idleTurns, counters.turns - turns);
    }
    const later = await Promise.all(copies.map(echo));
    for (const { end } of [...echoes, ...later]) await end();
    return {
      answers: [...echoes, ...later].map(({ answer }) => answer),
      reactors: reactors.size,
      isCalm: idleTurns < 20,
    };
  },

  async 'objects of another copy'() {
    const other = await copyOfBundle();
    const [mine, others] = [await echo(compiled), await echo(other)];
    const [file, text] = [await other.open(fileURLToPath(import.meta.url)), 'of a list'];
    const stat = await file.stat();
    const { bytes } = await compiled.sendFile(mine.client, file);
    let echoed = 0;
    while (echoed < bytes) echoed += (await mine.client.read())!.toString().length;
    await file.close();
    mine.client.send(other.BufferList.from(text));
    const list = (await mine.client.read())!.toString();
    const joined = compiled.join(mine.client, others.client, { idleTimeoutMs: 20_000 });
    joined.cancel();
    const cancelled = await refusal(() => joined);
    const failure: unknown = await compiled.connect({ path: '/none' }).catch((error: unknown) => error);
    const isKnown = failure instanceof other.IoError && failure instanceof compiled.IoError;
    class Derived extends compiled.BufferList {}
    const isDerived = compiled.BufferList.from('a') instanceof Derived;
    return { isWhole: bytes === stat.sizeBytes && echoed === bytes, list, cancelled, isKnown, isDerived };
  },

  async 'two versions'() {
    const other = await copyOfBundle('0.0.9');
    const mine = await echo(compiled);
    const refused = [
      await refusal(() => other.listen()),
      await refusal(() => other.join(mine.client, mine.client)),
      await refusal(() => other.openDirectory('/').then(folder => compiled.open('a', { beneath: folder }))),
    ];
    await mine.end();
    const others = await echo(other);
    const refusedThen = await refusal(() => compiled.listen());
    await others.end();
    return { answers: [mine.answer, others.answer, (await echo(compiled)).answer], refused, refusedThen };
  },
};

try {
  console.log(JSON.stringify(await scenes[process.argv[2]]()));
} finally {
  for (const folder of folders) rmSync(folder, { recursive: true });
}
process.exit();
