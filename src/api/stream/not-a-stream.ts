/** What a user of Node tries on a connection that is no stream: one sentence says what to use. */

/** Those that streams and emitters of Node have. `pipeline`, `pipe` and `events.once` call them. */
const METHODS = ['on', 'once', 'addListener', 'pipe'];

/** Has each of them throw. They are no part of the type: no editor offers them. */
export function refuseStreamMethods(prototype: object): void {
  for (const name of METHODS) {
    const value = (): never => {
      throw new TypeError(
        `${name}: a Connection is no stream of Node's and emits no events; use toDuplex(connection) of 'pollux/node', or ` +
          'onData, onEnd and onClose',
      );
    };
    Object.defineProperty(prototype, name, { value, configurable: true, writable: true });
  }
}
