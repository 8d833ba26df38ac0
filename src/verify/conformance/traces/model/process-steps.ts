/** Signals, and children that do what the scenario tells them. */
import { bsdSignal, bsdSignalName } from '../names.js';
import { Unsupported } from '../unsupported.js';
import { attempt, type Child, type Play, type Scene } from './scene.js';

/** A program that was executed needs a moment before it exits. */
const PROGRAM_NS = 10e6;
/** What a forked process and an executed program exit with. */
const FORKED_STATUS = 5 * 256;
const PROGRAM_STATUS = 9 * 256;
/** Nobody's child takes longer. */
const LONGEST_LIFE_NS = 60e9;

const ignoreSignal: Play = () => ({ results: { errno: null } });

const kill: Play = (scene, step) =>
  attempt(() => {
    const signal = bsdSignal(step.signal);
    if (step.child === undefined) scene.kernel.signal(signal);
    else exit(scene, childNamed(scene, step.child), signal);
    return undefined;
  });

const spawn: Play = (scene, step) => {
  scene.children.set(step.as as string, { process: scene.kernel.spawn(), plan: [...(step.does as string[])] });
  return { results: { errno: null } };
};

const childStep: Play = (scene, step) => {
  const child = childNamed(scene, step.child);
  const todo = child.plan.shift() ?? '';
  const status = /^exit(\d+)$/.exec(todo);
  if (status !== null) {
    exit(scene, child, Number(status[1]) * 256);
  } else if (todo === 'fork') {
    scene.forked = scene.kernel.fork(child.process);
    scene.forked.exit(FORKED_STATUS);
    scene.forked.reaped = true;
  } else if (todo === 'exec') {
    child.process.exec();
    const { clock } = scene.kernel;
    clock.set(clock.nowNs + PROGRAM_NS, () => exit(scene, child, PROGRAM_STATUS));
  } else {
    throw new Unsupported(`a child that does '${todo}'`);
  }
  return { results: { errno: null } };
};

const reap: Play = (scene, step) =>
  attempt(() => {
    const { process } = childNamed(scene, step.child);
    const { clock } = scene.kernel;
    const until = clock.nowNs + LONGEST_LIFE_NS;
    while (!process.hasExited && clock.step(until)) scene.kernel.wakeBlocked();
    process.reaped = true;
    const signal = process.waitStatus & 0x7f;
    return { status: signal === 0 ? { exit: process.waitStatus >> 8 } : { signal: bsdSignalName(signal) } };
  });

export const processSteps: Readonly<Record<string, Play>> = { ignoreSignal, kill, spawn, childStep, reap };

function exit(scene: Scene, child: Child, waitStatus: number): void {
  child.process.exit(waitStatus);
  scene.kernel.signal(bsdSignal('SIGCHLD'));
}

function childNamed(scene: Scene, name: unknown): Child {
  const child = scene.children.get(name as string);
  if (child === undefined) throw new ReferenceError(`trace: '${String(name)}' is no child`);
  return child;
}
