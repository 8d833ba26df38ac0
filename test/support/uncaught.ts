/** What is thrown with nobody to catch it, for tests in which that is right. */

/** @param act is given the messages so far, oldest first; mocha does not hear of them meanwhile. */
export async function collectingUncaught(act: (messages: readonly string[]) => Promise<void>): Promise<void> {
  const messages: string[] = [];
  const listeners = process.listeners('uncaughtException');
  process.removeAllListeners('uncaughtException');
  process.on('uncaughtException', ({ message }) => messages.push(message));
  try {
    await act(messages);
  } finally {
    process.removeAllListeners('uncaughtException');
    for (const listener of listeners) process.on('uncaughtException', listener);
  }
}
