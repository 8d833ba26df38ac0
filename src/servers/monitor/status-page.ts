/** The status page of a server: one document, and its numbers as they come. */
import { createHash } from 'node:crypto';
import { readFileSync } from 'node:fs';
import process from 'node:process';
import { packageFile } from '../../base/package-file.js';
import { VERSION } from '../../base/thread-state.js';
import type { HttpRequest } from '../http/http-request.js';
import type { HttpResponse } from '../http/http-response.js';
import { answerNothing } from './endpoint.js';
import { STATES, type Look, type Point } from './rates.js';
import { INTERVAL_MS, Sampler } from './sampler.js';
import type { ServerReport, ThreadReport } from './server-report.js';

/** More than these are asked to come back later. */
const MOST_WATCHERS = 16;
const COMMON = { 'Cache-Control': 'no-store', 'X-Content-Type-Options': 'nosniff' };

interface Page {
  readonly html: string;
  readonly policy: string;
}

let page: Page | undefined;

export class StatusPage {
  private readonly sampler: Sampler;
  private readonly watchers = new Set<HttpResponse>();

  constructor(
    reports: () => Promise<readonly ThreadReport[]>,
    private readonly title: string,
  ) {
    this.sampler = new Sampler(reports);
  }

  async answer(request: HttpRequest, response: HttpResponse): Promise<void> {
    if (request.path === '/') this.sendPage(response);
    else if (request.path === '/events') this.begin(request, response);
    else if (request.path === '/status.json') await this.sendJson(response);
    else answerNothing(response);
  }

  close(): void {
    this.sampler.close();
  }

  private sendPage(response: HttpResponse): void {
    page ??= loadPage();
    const own = { 'Content-Type': 'text/html; charset=utf-8', 'Content-Security-Policy': page.policy };
    response.send(200, { ...COMMON, ...own, 'Referrer-Policy': 'no-referrer', 'X-Frame-Options': 'DENY' }, page.html);
  }

  private async sendJson(response: HttpResponse): Promise<void> {
    const look = await this.sampler.look();
    const body = `${JSON.stringify({ ...this.about(look), threads: look.threads })}\n`;
    response.send(200, { ...COMMON, 'Content-Type': 'application/json' }, body);
  }

  /** A watcher gets what there is, and each point as it comes; one that is slow misses some. */
  private begin(request: HttpRequest, response: HttpResponse): void {
    for (const watcher of this.watchers) if (watcher.isOver) this.watchers.delete(watcher);
    if (this.watchers.size >= MOST_WATCHERS) {
      response.send(503, { ...COMMON, 'Content-Type': 'text/plain' }, `${MOST_WATCHERS} pages are open already.\n`);
      return;
    }
    response.begin(200, { ...COMMON, 'Content-Type': 'text/event-stream' });
    if (request.method === 'HEAD') return response.end();
    this.watchers.add(response);
    let isReady = true;
    const tell = (data: object) => {
      isReady = false;
      response.write(`data: ${JSON.stringify(data)}\n\n`).then(
        () => (isReady = true),
        () => stop(),
      );
    };
    const stop = this.sampler.watch((point: Point, look) => {
      if (response.isOver) {
        stop();
        this.watchers.delete(response);
      } else if (isReady) tell({ point, about: this.about(look) });
    });
    tell({ points: this.sampler.points, intervalMs: INTERVAL_MS, states: STATES });
  }

  private about({ threads }: Look): object {
    const reports = threads.flatMap(({ report }) => (report === undefined ? [] : [report]));
    return {
      title: this.title,
      kind: reports[0]?.kind,
      pid: process.pid,
      node: process.version,
      pollux: VERSION,
      backend: reports[0]?.thread.backend,
      uptimeMs: Math.round(process.uptime() * 1000),
      rssBytes: process.memoryUsage.rss(),
      states: threads.map(({ name, state }) => [name, state]),
      refused: summed(reports.map(({ refused }) => refused)),
      ended: summed(reports.map(({ ended }) => ended)),
      upstreams: upstreamsOf(reports),
    };
  }
}

function summed(all: readonly Readonly<Record<string, number>>[]): Record<string, number> {
  const sums: Record<string, number> = {};
  for (const counts of all) {
    for (const [name, count] of Object.entries(counts)) if (count > 0) sums[name] = (sums[name] ?? 0) + count;
  }
  return sums;
}

/** Each once, with what all threads have of it. */
function upstreamsOf(reports: readonly ServerReport[]): object[] {
  const found = new Map<string, { failed: number; retried: number; connected: number } & object>();
  for (const { pools } of reports) {
    for (const [pool, upstreams] of Object.entries(pools)) {
      for (const { name, weight, backup, connected, failed, retried, lastFailure } of upstreams) {
        const key = `${pool}/${name}`;
        const known = found.get(key);
        if (known === undefined)
          found.set(key, { key, weight, backup, connected, failed, retried, lastFailure } as never);
        else {
          known.connected += connected;
          known.failed += failed;
          known.retried += retried;
        }
      }
    }
  }
  return [...found.values()];
}

/** Its script and its style may run, by their hashes, and nothing else. */
function loadPage(): Page {
  const html = readFileSync(packageFile('dist/lib/status-page.html'), 'utf8');
  const hashOf = (tag: string) => {
    const [, text] = new RegExp(`<${tag}(?: type="module")?>([^]*?)</${tag}>`).exec(html)!;
    return `'sha256-${createHash('sha256').update(text).digest('base64')}'`;
  };
  const policy = [
    "default-src 'none'",
    `script-src ${hashOf('script')}`,
    `style-src ${hashOf('style')}`,
    "connect-src 'self'",
    'img-src data:',
    "base-uri 'none'",
    "form-action 'none'",
    "frame-ancestors 'none'",
  ].join('; ');
  return { html, policy };
}
