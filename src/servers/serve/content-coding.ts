/** Which form of a file a client prefers: as it is, or compressed beforehand. RFC 9110, 12.5.3 */

/** The endings of files that were compressed beforehand, and what HTTP calls them. */
export const CODINGS = { '.br': 'br', '.zst': 'zstd', '.gz': 'gzip' } as const;
export type Coding = (typeof CODINGS)[keyof typeof CODINGS] | 'identity';

/** A form that a file has. */
export interface Form {
  readonly coding: Coding;
  readonly sizeBytes: number;
}

/**
 * The form with the greatest weight that the client gives, and of those the shortest.
 *
 * @param field `Accept-Encoding` of the request.
 * @param forms the first is the file as it is, which is sent when the client takes none.
 */
export function preferredForm<Each extends Form>(field: string | undefined, forms: readonly Each[]): Each {
  const [plain] = forms;
  if (field === undefined || forms.length === 1) return plain;
  const weights = weightsOf(field);
  let best: Each = plain;
  let most = 0;
  for (const form of forms) {
    const weight = weightOf(form.coding, weights);
    if (weight === 0 || weight < most || (weight === most && form.sizeBytes >= best.sizeBytes)) continue;
    best = form;
    most = weight;
  }
  return best;
}

/** What is not named may be had as it is, if nothing better can. */
const LEAST = 0.0001;

function weightOf(coding: Coding, weights: ReadonlyMap<string, number>): number {
  const named = weights.get(coding) ?? (coding === 'gzip' ? weights.get('x-gzip') : undefined);
  return named ?? (coding === 'identity' ? (weights.get('*') ?? LEAST) : (weights.get('*') ?? 0));
}

function weightsOf(field: string): Map<string, number> {
  const weights = new Map<string, number>();
  for (const part of field.split(',')) {
    const [name, ...parameters] = part.split(';').map(each => each.trim().toLowerCase());
    if (name === '') continue;
    const q = parameters.find(each => each.startsWith('q='))?.slice(2);
    const weight = q === undefined ? 1 : Number(q);
    weights.set(name, weight >= 0 && weight <= 1 ? weight : 0);
  }
  return weights;
}
