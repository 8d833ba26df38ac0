/** What a driver calls its submissions in a ring: by kind and descriptor; the other word of user data counts them. */

/** No descriptor is as high. */
const KIND = 2 ** 24;

export const RECEIVES_FROM = KIND;
export const SENDS_FROM = 2 * KIND;

export function isReceive(low: number): boolean {
  return low < SENDS_FROM;
}

export function fdOf(low: number): number {
  return low & (KIND - 1);
}

/** Attempts to cancel a submission: each finds it unless the kernel is just about to run it. */
export const CARRIED_CANCELS = 1000;
