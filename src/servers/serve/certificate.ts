/** A certificate and its key, from files: read again when they change, so that a renewal needs no restart. */
import { readFile } from 'node:fs/promises';
import { dirname } from 'node:path';
import { createSecureContext, type TlsOptions } from 'node:tls';
import { pathOf } from '../../base/arguments.js';
import { described } from '../../base/option-schema.js';
import { boolean, required, type OptionTable, type OptionValues } from '../../base/options.js';
import { IoError, watchFile, type FileWatch } from '../../index.js';

/** Where a certificate is. */
export interface CertificateOptions {
  /** A file in PEM: the certificate, and those that vouch for it behind it. */
  readonly certificate: string | URL;
  /** A file in PEM: the private key. */
  readonly key: string | URL;
  /** Whether changes of the files are taken at once. Default true; `reloadCertificate` takes them in any case. */
  readonly watch?: boolean;
}

const path = described(
  required<string | URL>((name, given) => void pathOf(name, given)),
  { type: 'string', minLength: 1 },
);

export const CERTIFICATE_OPTIONS = {
  certificate: path,
  key: path,
  watch: boolean(true),
} satisfies OptionTable<CertificateOptions>;

type CertificateValues = OptionValues<typeof CERTIFICATE_OPTIONS>;

interface Pair {
  readonly cert: Buffer;
  readonly key: Buffer;
}

/** The certificate of a server. */
export class Certificate {
  /** For `secure`: one object for all connections that begin with this certificate. */
  get current(): TlsOptions {
    return this.tls;
  }

  private tls: TlsOptions;
  private readonly watches: FileWatch[] = [];
  private reloading: Promise<unknown> = Promise.resolve();
  private isClosed = false;

  private constructor(
    private readonly options: CertificateValues,
    private pair: Pair,
    private readonly onFailure: (failure: Error) => void,
  ) {
    this.tls = tlsOptions(pair);
  }

  /** @throws what reading says; Error: the two are no pair. */
  static async open(options: CertificateValues, onFailure: (failure: Error) => void): Promise<Certificate> {
    const certificate = new Certificate(options, await readPair(options), onFailure);
    if (options.watch) certificate.watch();
    return certificate;
  }

  /**
   * Reads the files again. Connections that are open keep what they began with.
   * @throws as `open`: the old one stays.
   */
  async reload(): Promise<void> {
    const pair = await readPair(this.options);
    if (pair.cert.equals(this.pair.cert) && pair.key.equals(this.pair.key)) return;
    this.pair = pair;
    this.tls = tlsOptions(pair);
  }

  close(): void {
    for (const watch of this.watches.splice(0)) watch.close();
    this.isClosed = true;
  }

  /** The directories tell that files were replaced by others of the same name; the files, that they were written to. */
  private watch(): void {
    const { certificate, key } = this.options;
    const paths = [pathOf('certificate', certificate), pathOf('key', key)];
    const places = new Set(paths.flatMap(each => [dirname(each), each]));
    for (const watch of this.watches.splice(0)) watch.close();
    for (const place of places) this.watchOne(place);
  }

  private watchOne(place: string): void {
    try {
      this.watches.push(watchFile(place, {}, () => this.onChange()).unref());
    } catch (error) {
      // It is being replaced: its directory tells when there is another.
      if (!(error instanceof IoError && error.code === 'ENOENT')) throw error;
    }
  }

  private onChange(): void {
    // One after the other, and the last sees all.
    this.reloading = this.reloading
      .then(() => this.reload())
      .catch(this.onFailure)
      .then(() => this.isClosed || this.watch());
  }
}

async function readPair({ certificate, key }: CertificateValues): Promise<Pair> {
  const pair = { cert: await readFile(certificate), key: await readFile(key) };
  // What does not fit together is found out here, and not by the first client.
  createSecureContext(pair);
  return pair;
}

function tlsOptions(pair: Pair): TlsOptions {
  return { ...pair, ALPNProtocols: ['http/1.1'], minVersion: 'TLSv1.2' };
}
