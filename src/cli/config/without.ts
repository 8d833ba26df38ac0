/** An object but for some of its members. */

export function without<From extends object, Name extends keyof From>(from: From, ...names: Name[]): Omit<From, Name> {
  const rest = { ...from };
  for (const name of names) Reflect.deleteProperty(rest, name);
  return rest;
}
