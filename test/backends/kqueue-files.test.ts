/** Files and directories by the kqueue backend, on the models of FreeBSD: as poll(2) has them, ready whatever they hold. */
import { expect } from 'chai';
import { READABLE } from '../../src/backends/contract.js';
import { KqueueBackend } from '../../src/backends/kqueue/backend.js';
import { ModelKernel } from '../../src/verify/model/kernel.js';
import { ModelKqueueCalls } from '../../src/verify/model/kqueue-calls.js';
import { profiles } from '../../src/verify/model/profile.js';

for (const name of ['freebsd-14', 'freebsd-15'] as const) {
  for (const filesystem of ['ufs', 'tmpfs'] as const) {
    describe(`kqueue and files of ${filesystem} (model of ${name})`, () => {
      let kernel: ModelKernel;
      let backend: KqueueBackend;

      beforeEach(() => {
        kernel = new ModelKernel(profiles[name], filesystem);
        backend = new KqueueBackend({}, new ModelKqueueCalls(kernel));
      });
      afterEach(() => backend.close());

      for (const mode of ['level', 'oneshot', 'edge'] as const) {
        it(`an empty directory is ready (${mode})`, () => {
          kernel.files.mkdir('d');
          const token = backend.register(kernel.open('d', ['RDONLY']), READABLE, mode);
          expect(backend.wait(0)).to.equal(1);
          expect(backend.events.readiness[0]).to.equal(READABLE);
          expect(backend.events.tokens[0]).to.equal(token);
        });

        it(`a file is ready at its end (${mode})`, () => {
          const fd = kernel.open('f', ['RDWR', 'CREAT']);
          kernel.descriptors.at(fd).write(new Uint8Array(4));
          expect(kernel.fileAt(fd).offset).to.equal(4);
          backend.register(fd, READABLE, mode);
          expect(backend.wait(0)).to.equal(1);
          expect(backend.events.readiness[0]).to.equal(READABLE);
        });
      }
    });
  }
}
