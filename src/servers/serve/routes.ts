/** Requests that a program answers itself: a handler for a path and all below it. */
import { isError } from '../../base/kinds.js';
import type { HttpRequest } from '../http/http-request.js';
import type { HttpResponse } from '../http/http-response.js';

/** Answers a request, at once or later. What it throws, or rejects with, is answered with 500. */
export type RouteHandler = (request: HttpRequest, response: HttpResponse) => void | Promise<void>;

/** The handlers of a server. */
export class Routes {
  /** The longest path first. */
  private routes: readonly { readonly path: string; readonly handler: RouteHandler }[] = [];

  /** @param onFailure told of what a handler threw. */
  constructor(private readonly onFailure: (failure: Error) => void) {}

  /** @throws TypeError a path that does not begin with a slash, or no function. */
  add(path: string, handler: RouteHandler): void {
    if (typeof path !== 'string' || !path.startsWith('/'))
      throw new TypeError('path: allowed: one that begins with a slash');
    if (typeof handler !== 'function') throw new TypeError('handler: allowed: a function');
    const bare = path.replace(/\/+$/, '');
    const others = this.routes.filter(each => each.path !== bare);
    this.routes = [...others, { path: bare, handler }].sort((a, b) => b.path.length - a.path.length);
  }

  /** @returns whether a handler has the request now. */
  answer(request: HttpRequest, response: HttpResponse): boolean {
    const { path } = request;
    for (const route of this.routes) {
      if (!path.startsWith(route.path)) continue;
      if (path.length > route.path.length && path.charCodeAt(route.path.length) !== 0x2f) continue;
      this.run(route.handler, request, response);
      return true;
    }
    return false;
  }

  private run(handler: RouteHandler, request: HttpRequest, response: HttpResponse): void {
    try {
      const answer = handler(request, response);
      answer?.then(
        () => this.onReturned(response),
        (failure: unknown) => this.fail(failure, response),
      );
    } catch (failure) {
      this.fail(failure, response);
    }
  }

  /** Its promise is over, and so must the response be. */
  private onReturned(response: HttpResponse): void {
    if (response.isOver) return;
    if (response.hasBegun) this.fail(new TypeError('a handler returned before it had called end()'), response);
    else this.fail(new TypeError('a handler returned without a response'), response);
  }

  private fail(thrown: unknown, response: HttpResponse): void {
    // The client went meanwhile, or the handler itself has ended the response.
    if (response.isOver) return;
    const failure = isError(thrown) ? thrown : new TypeError(`a handler threw ${String(thrown)}`);
    this.onFailure(failure);
    if (response.hasBegun) response.breakOff(failure);
    else response.send(500, { 'Content-Type': 'text/plain' }, '500 the server failed\n');
  }
}
