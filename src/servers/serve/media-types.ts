/** What kind of content a file has, by the ending of its name. */
import { lookup } from 'mrmime';

/** Text that is not of the type `text/` and is UTF-8 all the same. */
const TEXT = /^(?:text\/|application\/(?:json|javascript|xml|manifest\+json|ld\+json)$|image\/svg\+xml$)/;

/** @param own by their endings, before those that are known: { '.wgsl': 'text/wgsl' } */
export function mediaTypeOf(name: string, own: Readonly<Record<string, string>>): string {
  const dot = name.lastIndexOf('.');
  const ending = dot > name.lastIndexOf('/') ? name.slice(dot).toLowerCase() : '';
  if (Object.hasOwn(own, ending)) return own[ending];
  const type = ending === '' ? undefined : lookup(ending);
  if (type === undefined) return 'application/octet-stream';
  return TEXT.test(type) ? `${type}; charset=utf-8` : type;
}
