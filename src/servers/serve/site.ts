/** One site: which file, page or place answers a request. */
import { IoError, openDirectory, type Directory } from '../../index.js';
import { valuesOf } from '../../base/options.js';
import { setImmediate } from '../../base/runtime-functions.js';
import { fieldLines, type Fields } from '../http/response-head.js';
import type { HttpRequest } from '../http/http-request.js';
import type { HttpResponse } from '../http/http-response.js';
import { compileRules } from './cache-rules.js';
import { corsFields, preflightFields } from './cors.js';
import { deliver, deliverPage, type Exchange } from './delivery.js';
import { FileCache } from './file-cache.js';
import { fileNameOf } from './file-name.js';
import { listDirectory } from './listing.js';
import { mediaTypeOf } from './media-types.js';
import { compileRedirects, type Moved } from './redirects.js';
import { ABSENT, openResource, type FileResource, type Resource, type ResourceRules } from './resource.js';
import { SITE_OPTIONS, type SiteOptions, type SiteValues } from './site-options.js';

/** What is said of failures that are not the client's. */
export type OnFailure = (failure: Error) => void;

const ALLOW = 'GET, HEAD, OPTIONS';

/**
 * Opens the directory of a site.
 * @throws what `openDirectory` throws; TypeError, RangeError: an option that makes no sense.
 */
export async function openSite(options: SiteOptions, onFailure: OnFailure): Promise<Site> {
  const values = valuesOf(SITE_OPTIONS, options);
  const redirect = compileRedirects(values.redirects);
  const rules = compileRules(values.rules);
  return new Site(await openDirectory(values.directory), values, { redirect, rules, onFailure });
}

interface SiteParts {
  readonly redirect: (path: string) => Moved | undefined;
  readonly rules: (name: string) => string;
  readonly onFailure: OnFailure;
}

/** A directory, and how its files are served. */
export class Site {
  private readonly cache: FileCache;
  private readonly resources: ResourceRules;
  /** Loads and deliveries that are not over. */
  private underWay = 0;
  private whenIdle: (() => void) | undefined = undefined;

  /** Made by `openSite`. */
  constructor(
    private readonly directory: Directory,
    private readonly options: SiteValues,
    private readonly parts: SiteParts,
  ) {
    const { types, cors, cache, precompressed } = options;
    const common = `X-Content-Type-Options: nosniff\r\n${cors === '*' ? corsFields(cors, undefined) : ''}`;
    this.resources = {
      smallBytes: cache.smallBytes,
      precompressed,
      fieldsOf: name => `Content-Type: ${mediaTypeOf(name, types)}\r\n${parts.rules(name)}${common}`,
    };
    this.cache = new FileCache(cache, name => this.open(name));
  }

  /** Answers a request. Throws nothing. */
  answer(request: HttpRequest, response: HttpResponse): void {
    const { cors, dotFiles } = this.options;
    const extra = Array.isArray(cors) ? corsFields(cors, request.get('origin')) : '';
    const exchange: Exchange = { request, response, extra };
    const moved = this.parts.redirect(request.path);
    if (moved !== undefined) return this.move(moved, exchange);
    const { method } = request;
    if (method !== 'GET' && method !== 'HEAD') return this.answerOther(exchange);
    const name = fileNameOf(request.path, { dotFiles });
    if (name === undefined) return this.refuse(404, exchange);
    const resource = this.cache.fresh(name);
    if (resource === undefined) this.loadAndAnswer(name, exchange, true);
    else this.answerWith(resource, name, exchange, true);
  }

  /** Answers with the page of a status, or its words. */
  refuse(status: number, exchange: Exchange, fields: Fields = {}): void {
    const page = this.options.errorPages[status];
    if (page === undefined) return this.refusePlainly(status, exchange, fields);
    const known = this.cache.fresh(page);
    const answer = (resource: Resource) => {
      if (resource.kind !== 'file') return this.refusePlainly(status, exchange, fields);
      this.track(deliverPage(status, resource, { ...exchange, extra: exchange.extra + fieldLines(fields) }), exchange);
    };
    if (known !== undefined) answer(known);
    else this.loadFor(exchange, page, answer, 'plain');
  }

  /** Closes its files. Transfers that are under way come to their end. */
  async close(): Promise<void> {
    this.cache.close();
    await this.directory.close();
  }

  /** Closes it once all that it has begun to answer is answered: no request comes any more. */
  async retire(): Promise<void> {
    if (this.underWay > 0) await new Promise<void>(resolve => (this.whenIdle = resolve));
    await this.close();
  }

  private used(delivery: Promise<void> | undefined): Promise<void> | undefined {
    return delivery && this.use(delivery);
  }

  /** What is waited for may ask for more files. */
  private use<Value>(work: Promise<Value>): Promise<Value> {
    this.underWay++;
    const over = () => {
      if (--this.underWay === 0) this.whenIdle?.();
    };
    // In a later turn: what waits for the same promise comes first, and may begin with more.
    void work.then(
      () => setImmediate(over),
      () => setImmediate(over),
    );
    return work;
  }

  private loadAndAnswer(name: string, exchange: Exchange, mayTryAgain: boolean): void {
    this.loadFor(exchange, name, resource => this.answerWith(resource, name, exchange, mayTryAgain));
  }

  /** Goes on with what is loaded, unless the client has gone meanwhile. */
  private loadFor(
    exchange: Exchange,
    name: string,
    goOn: (resource: Resource) => void,
    how: 'page' | 'plain' = 'page',
  ): void {
    this.use(this.cache.load(name)).then(
      resource => {
        if (!exchange.response.isOver) goOn(resource);
      },
      (failure: Error) => this.fail(failure, exchange, how),
    );
  }

  private answerWith(resource: Resource, name: string, exchange: Exchange, mayTryAgain: boolean): void {
    const { request, response } = exchange;
    if (resource.kind === 'file') {
      const delivery = this.used(deliver(resource, exchange));
      // It is not what it was: asked for once more.
      delivery?.catch((failure: Error) => {
        if (response.hasBegun || !mayTryAgain) return this.fail(failure, exchange);
        this.cache.drop(name);
        this.loadAndAnswer(name, exchange, false);
      });
    } else if (resource.kind === 'absent') this.answerAbsent(exchange);
    else if (name !== '' && !name.endsWith('/')) {
      const query = request.query === '' ? '' : `?${request.query}`;
      this.move({ status: 301, location: `${request.path}/${query}` }, exchange);
    } else if (this.options.listing) this.list(name, exchange);
    else this.answerAbsent(exchange);
  }

  private answerAbsent(exchange: Exchange): void {
    const { fallback } = this.options;
    if (fallback === undefined || !acceptsHtml(exchange.request)) return this.refuse(404, exchange);
    const answer = (resource: Resource) => {
      if (resource.kind === 'file') this.track(deliver(resource, exchange), exchange);
      else this.refuse(404, exchange);
    };
    const known = this.cache.fresh(fallback);
    if (known !== undefined) answer(known);
    else this.loadFor(exchange, fallback, answer);
  }

  private list(name: string, exchange: Exchange): void {
    const { request, response, extra } = exchange;
    const accept = request.get('accept') ?? '';
    this.use(listDirectory(this.directory.path, name, { dotFiles: this.options.dotFiles, accept })).then(
      ({ type, body }) => {
        const fields = { ...LISTING_FIELDS, 'Content-Type': type, ...fieldsOf(extra) };
        if (!response.isOver) response.send(200, fields, body);
      },
      (failure: Error) => this.fail(failure, exchange),
    );
  }

  private answerOther(exchange: Exchange): void {
    const { request, response } = exchange;
    if (request.method !== 'OPTIONS') return this.refuse(405, exchange, { Allow: ALLOW });
    const { cors } = this.options;
    response.send(204, { Allow: ALLOW, ...fieldsOf(preflightFields(cors, request.get('origin'))) });
  }

  private move({ status, location }: Moved, { response, extra }: Exchange): void {
    response.send(status, { Location: location, ...fieldsOf(extra) }, '');
  }

  private refusePlainly(status: number, { response, extra }: Exchange, fields: Fields): void {
    const body = `${status} ${WORDS[status] ?? 'the server failed'}\n`;
    response.send(status, { 'Content-Type': 'text/plain; charset=utf-8', ...fields, ...fieldsOf(extra) }, body);
  }

  /** What is left to say of a delivery that takes its time. */
  private track(delivery: Promise<void> | undefined, exchange: Exchange): void {
    this.used(delivery)?.catch((failure: Error) => this.fail(failure, exchange, 'plain'));
  }

  /** The server's own trouble: said where failures are told, and to the client if nothing was. */
  private fail(failure: Error, exchange: Exchange, how: 'page' | 'plain' = 'page'): void {
    const { response } = exchange;
    // The client went, or the connection broke: its closing tells of that.
    if (response.isOver) return;
    this.parts.onFailure(failure);
    if (response.hasBegun) return response.breakOff(failure);
    const status = failure instanceof IoError && BUSY.test(failure.code) ? 503 : 500;
    if (how === 'page') this.refuse(status, exchange);
    else this.refusePlainly(status, exchange, {});
  }

  private async open(name: string): Promise<Resource> {
    if (name !== '' && !name.endsWith('/')) return openResource(this.directory, name, this.resources);
    const folder = name === '' ? DIRECTORY : await openResource(this.directory, name.slice(0, -1), this.resources);
    if (folder.kind !== 'directory') return closed(folder);
    for (const index of this.options.index) {
      const page = await openResource(this.directory, `${name}${index}`, this.resources);
      if (page.kind === 'file') return page;
    }
    return folder;
  }
}

/** A list is as new as its directory, and its page loads nothing. */
const LISTING_FIELDS: Fields = {
  Vary: 'Accept',
  'Cache-Control': 'no-cache',
  'Content-Security-Policy': "default-src 'none'; style-src 'unsafe-inline'",
};
const DIRECTORY: Resource = { kind: 'directory' };
/** The process has no more of something: later it may. */
const BUSY = /^E(MFILE|NFILE|NOBUFS|NOMEM|AGAIN)$/;
const WORDS: Readonly<Record<number, string>> = {
  404: 'there is no such thing here',
  405: 'only GET and HEAD are answered here',
  503: 'the server is busy',
};

/** A file is no directory, whatever stands behind its name. */
function closed(resource: FileResource | { readonly kind: 'absent' }): Resource {
  if (resource.kind === 'file') for (const form of resource.forms) form.close();
  return ABSENT;
}

function acceptsHtml(request: HttpRequest): boolean {
  return /text\/html|application\/xhtml/.test(request.get('accept') ?? '');
}

/** Lines of fields as an object: no name comes twice in them. */
function fieldsOf(lines: string): Fields {
  return Object.fromEntries(
    lines
      .split('\r\n')
      .filter(line => line !== '')
      .map(line => line.split(/: (.*)/).slice(0, 2) as [string, string]),
  );
}
