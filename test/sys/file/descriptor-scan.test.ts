import { expect } from 'chai';
import { readdirSync } from 'node:fs';
import { scanDescriptors } from '../../../src/sys/file/descriptor-scan.js';
import { close, pipe } from '../../../src/sys/file/io.js';
import { platform } from '../../../src/sys/ffi/platform.js';
import { listDescriptors } from '../../support/descriptors.js';

describe('the scan of descriptors', () => {
  it('finds what is opened, and not what is closed', () => {
    const before = scanDescriptors();
    const ends = pipe();
    expect(scanDescriptors()).to.deep.equal([...before, ...ends].sort((a, b) => a - b));
    for (const fd of ends) close(fd);
    expect(scanDescriptors()).to.deep.equal(before);
  });

  it('finds what the system lists', function () {
    if (platform !== 'linux') this.skip();
    const listed = readdirSync('/proc/self/fd').map(Number);
    // The list has the descriptor that was open for listing.
    for (const fd of scanDescriptors()) expect(listed).to.include(fd);
  });

  it('tells tests of leaks where nothing is listed', () => {
    const before = listDescriptors();
    const ends = pipe();
    const leaked = listDescriptors().filter(line => !before.includes(line));
    expect(leaked.map(line => Number(line.split(' ')[0])).sort((a, b) => a - b)).to.deep.equal(
      [...ends].sort((a, b) => a - b),
    );
    for (const fd of ends) close(fd);
    expect(listDescriptors()).to.deep.equal(before);
  });
});
