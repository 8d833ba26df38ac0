/** A configuration file, YAML or JSON, and where in it what is wrong stands. */
import { readFile } from 'node:fs/promises';
import type * as Yaml from 'yaml';

/** What is wrong with a file: the message begins with its name, the line and the column. */
export class ConfigError extends Error {
  override readonly name = 'ConfigError';
}

/** What a table calls the whole of a file. */
export const WHOLE = 'the file';

/** A value of a file under all names that an error may call it by: 'listen[0].port', "hosts['a.example'].index". */
interface Place {
  readonly names: readonly string[];
  /** Where it begins, as an offset. Of a member of a map also where its name does. */
  readonly at: number;
  readonly keyAt: number;
}

/** A file that was read. */
export class ConfigDocument {
  private constructor(
    readonly file: string,
    private readonly parsed: Yaml.Document,
    private readonly lines: Yaml.LineCounter,
    private readonly yaml: typeof Yaml,
  ) {}

  /** @throws ConfigError (by the promise) no YAML, and no JSON. @throws what reading it throws. */
  static async read(file: string): Promise<ConfigDocument> {
    const text = await readFile(file, 'utf8');
    const yaml = await import('yaml');
    const lines = new yaml.LineCounter();
    const parsed = yaml.parseDocument(text, { lineCounter: lines, prettyErrors: false });
    const [wrong] = [...parsed.errors, ...parsed.warnings];
    if (wrong === undefined) return new ConfigDocument(file, parsed, lines, yaml);
    const { line, col } = lines.linePos(wrong.pos[0]);
    throw new ConfigError(`${file}:${line}:${col}: ${wrong.message}`, { cause: wrong });
  }

  /** As plain values; but for `$schema`, which is for editors. @throws ConfigError aliases that grow without end. */
  get value(): unknown {
    try {
      const value = this.parsed.toJS() as Record<string, unknown> | null;
      if (value?.$schema !== undefined) delete value.$schema;
      return value;
    } catch (error) {
      throw this.errorOf(error as Error);
    }
  }

  /** What a check threw, with the place that it speaks of: its message begins with the name of the option. */
  errorOf(failure: Error): ConfigError {
    const { line, col } = this.lines.linePos(this.offsetOf(failure.message));
    return new ConfigError(`${this.file}:${line}:${col}: ${failure.message}`, { cause: failure });
  }

  private offsetOf(message: string): number {
    const places = [...this.placesBelow(this.parsed.contents, [''])];
    const [, holder, name] = /^(.*?): '(.*)' is no option; /.exec(message) ?? [];
    const unknown = places.find(({ names }) => names.includes(holder === WHOLE ? name : `${holder}.${name}`));
    if (unknown !== undefined) return unknown.keyAt;
    const lengthOf = ({ names }: Place) =>
      Math.max(0, ...names.filter(each => speaksOf(message, each)).map(each => each.length));
    const nearest = places.reduce<Place | undefined>(
      (best, place) => (lengthOf(place) > (best === undefined ? 0 : lengthOf(best)) ? place : best),
      undefined,
    );
    return nearest?.at ?? 0;
  }

  private *placesBelow(node: unknown, prefixes: readonly string[]): Generator<Place> {
    const { isMap, isSeq, isScalar } = this.yaml;
    if (isSeq(node)) {
      for (const [index, item] of node.items.entries()) {
        const names = prefixes.map(prefix => `${prefix}[${index}]`);
        yield* this.placeOf(item, names, startOf(item) ?? startOf(node));
      }
    }
    if (!isMap(node)) return;
    for (const { key, value } of node.items) {
      const name = String(isScalar(key) ? key.value : key);
      const called = prefixes.flatMap(prefix => [
        prefix === '' ? name : `${prefix}.${name}`,
        `${prefix}['${name}']`,
        `${prefix}[${name}]`,
      ]);
      // One, where there may be a list, is the first of it.
      const names = isSeq(value) ? called : called.flatMap(each => [each, `${each}[0]`]);
      yield* this.placeOf(value, names, startOf(key) ?? startOf(node));
    }
  }

  private *placeOf(node: unknown, names: readonly string[], keyAt = 0): Generator<Place> {
    yield { names, at: startOf(node) ?? keyAt, keyAt };
    yield* this.placesBelow(node, names);
  }
}

function startOf(node: unknown): number | undefined {
  return (node as Partial<Yaml.Node> | null)?.range?.[0];
}

/** 'listen[0].port: 7' speaks of 'listen[0].port' and of all that it is in. */
function speaksOf(message: string, name: string): boolean {
  return message.startsWith(name) && /^[:.[]/.test(message.slice(name.length));
}
