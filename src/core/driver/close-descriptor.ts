/** The end of a descriptor in the care of a driver. */
import { close } from '../../sys/file/io.js';
import type { Driver } from './driver.js';
import type { Descriptor } from '../operations/operation.js';

/** Takes a descriptor out of the driver and closes it. @throws IoError close(2) failed; it is closed all the same. */
export function closeDescriptor(driver: Driver, descriptor: Descriptor): void {
  if (descriptor.origin === 'own') descriptor.origin = 'closing';
  try {
    driver.remove(descriptor);
  } finally {
    close(descriptor.fd);
  }
}
