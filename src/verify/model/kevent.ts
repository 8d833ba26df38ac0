/** struct kevent as the model sees it. Idents and user data have all their 64 bits. */
export interface Kevent {
  ident: bigint;
  filter: number;
  flags: number;
  fflags: number;
  data: number;
  udata: bigint;
}
