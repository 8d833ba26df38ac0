/** The types that are shipped: what a program may call is there, for a compiler that checks declarations too, and nothing else. */
import { expect } from 'chai';
import { readFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import ts from 'typescript';

const root = fileURLToPath(new URL('../../', import.meta.url));
const { exports } = JSON.parse(readFileSync(`${root}package.json`, 'utf8')) as { exports: Record<string, unknown> };
const doors = Object.values(exports).flatMap(door =>
  typeof door === 'object' ? [root + (door as { types: string }).types.slice(2)] : [],
);

const PROGRAM = `
import { Connection, connect, currentReactor, join, listen, lines, type EventWatch, type Listener, watchTimer } from './index.js';
import { Endpoint, type Peer, Queue, Runtime } from './threads.js';

const listener: Listener = await listen({ port: 0, onConnection: connection => void (connection.onData = chunk => connection.send(chunk)) });
const connection = await connect({ port: listener.port });
const isOne: boolean = connection instanceof Connection;
for await (const line of lines(connection)) line.toUpperCase();
declare const peer: Peer;
await connection.moveTo(peer, { step: isOne });
const watch: EventWatch<number> = watchTimer({ every: 1_000 });
watch.unref();
await using runtime = new Runtime({ entry: new URL('file:///worker.js'), workers: 2 });
const queue: Queue<string> = runtime.endpoint.queue<string>('names');
for await (const name of queue) name.trim();
`;

/** What must not compile, each in a line of its own. */
const REFUSED = [
  'connection.descriptor;',
  'connection.inbound;',
  'connection.needLife();',
  "connection.detach('x');",
  'listener.divert(undefined);',
  'queue.receive;',
  'watch.onReady(1, 0, 0);',
  'new Connection();',
  'new Queue();',
  'new Endpoint();',
  'connection.moveTo({});',
  'join(connection, {});',
  'currentReactor().enter(true);',
];

function compiled(text: string): { program: ts.Program; path: string } {
  const path = `${root}dist/src/program-of-the-test.ts`;
  const options: ts.CompilerOptions = {
    module: ts.ModuleKind.NodeNext,
    target: ts.ScriptTarget.ES2022,
    lib: ['lib.es2023.d.ts', 'lib.esnext.disposable.d.ts'],
    types: ['node'],
    strict: true,
    noEmit: true,
  };
  const host = ts.createCompilerHost(options);
  const { fileExists, readFile, getSourceFile } = host;
  host.getCurrentDirectory = () => root;
  // Beside the declarations it must not find the sources.
  host.fileExists = name => name === path || fileExists.call(host, name);
  host.readFile = name => (name === path ? text : readFile.call(host, name));
  host.getSourceFile = (name, target, ...more) =>
    name === path ? ts.createSourceFile(name, text, target) : getSourceFile.call(host, name, target, ...more);
  return { program: ts.createProgram([path, ...doors], options, host), path };
}

const messageOf = ({ messageText }: ts.Diagnostic): string => ts.flattenDiagnosticMessageText(messageText, '\n');

describe('the types that are shipped', () => {
  const { program, path } = compiled(`${PROGRAM}\n${REFUSED.join('\n')}\n`);
  const errors = program.getSemanticDiagnostics(program.getSourceFile(path));
  const source = program.getSourceFile(path)!;
  const firstRefused = PROGRAM.split('\n').length;
  const lineOf = ({ start }: ts.Diagnostic): number => source.getLineAndCharacterOfPosition(start!).line;

  it('serve a program of a user', () => {
    const unexpected = errors.filter(error => lineOf(error) < firstRefused);
    expect(unexpected.map(messageOf)).to.deep.equal([]);
  });

  for (const [index, refused] of REFUSED.entries()) {
    it(`refuse ${refused}`, () => {
      expect(errors.map(lineOf)).to.include(firstRefused + index);
    });
  }

  it('hold together by themselves, without skipLibCheck', () => {
    const declarations = program.getSourceFiles().filter(({ fileName }) => fileName.includes('/dist/src/'));
    expect(declarations.length).to.be.above(100);
    const wrong = declarations
      .filter(({ fileName }) => fileName !== path)
      .flatMap(file => program.getSemanticDiagnostics(file));
    expect(wrong.map(error => `${error.file!.fileName.slice(root.length)}: ${messageOf(error)}`)).to.deep.equal([]);
  });
});
