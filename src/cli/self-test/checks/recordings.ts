/** What a kernel was recorded to answer, against the kernel that this runs on. */
import os from 'node:os';
import { kqueueFactory } from '../../../backends/kqueue/factory.js';
import { kernelRelease, platform } from '../../../sys/ffi/platform.js';
import { NativeTarget } from '../../../verify/conformance/traces/native/target.js';
import { replay, type ReplayResult } from '../../../verify/conformance/traces/replay.js';
import { shippedRecording } from '../../../verify/conformance/traces/shipped.js';
import type { Scenario } from '../../../verify/conformance/traces/trace.js';
import { Inapplicable, type Check } from '../check.js';

/** Where it was recorded by kqueue(2) of FreeBSD: this one and the next. */
const FIRST_RELEASE = 14;

export function recordingChecks(): readonly Check[] {
  const release = Number.parseInt(os.release(), 10);
  const scenarios = shippedRecording(release > FIRST_RELEASE ? 'freebsd-15' : 'freebsd-14');
  const reason = inapplicable(release);
  if (reason !== undefined) {
    return [
      {
        name: `${scenarios.length} recordings of kqueue(2) on FreeBSD`,
        run() {
          throw new Inapplicable(reason);
        },
      },
    ];
  }
  return families(scenarios).map(family => ({
    name: `${family[0].area}: ${baseName(family[0])}`,
    run: () => judge(replay(family, () => new NativeTarget())),
  }));
}

/** Why the recordings say nothing of this kernel; undefined where they do. */
function inapplicable(release: number): string | undefined {
  const probe = kqueueFactory.probe();
  if (!probe.available) return `${probe.reason}; recordings of epoll and io_uring do not ship`;
  if (platform === 'freebsd' && release >= FIRST_RELEASE) return undefined;
  return `they are of FreeBSD ${FIRST_RELEASE} and later, and this is ${kernelRelease}: \`pollux conformance --record\` makes some of it`;
}

/** Scenarios that are one program with several outcomes, together. */
function families(scenarios: readonly Scenario[]): Scenario[][] {
  const byName = new Map<string, Scenario[]>();
  for (const scenario of scenarios) {
    const name = baseName(scenario);
    const family = byName.get(name);
    if (family === undefined) byName.set(name, [scenario]);
    else family.push(scenario);
  }
  return [...byName.values()];
}

function baseName({ name, variants }: Scenario): string {
  return variants === undefined ? name : name.replace(/~\d+$/, '');
}

/** Agreeing with one of the outcomes is enough. */
function judge(results: readonly ReplayResult[]): void {
  if (results.some(({ outcome }) => outcome === 'same')) return;
  const different = results.find(({ outcome }) => outcome === 'different');
  if (different === undefined) throw new Inapplicable(results[0].reason);
  const [{ step, op, field, recorded, answered }] = different.differences;
  throw new Error(
    `step ${step} (${op}) ${field}: recorded ${JSON.stringify(recorded)}, answered ${JSON.stringify(answered)}`,
  );
}
