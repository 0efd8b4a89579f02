/** A number of Gradus' own side is that of its step; its tensors it makes itself. */
export function serve(
  ready: { readonly versions: Readonly<Record<string, string>>; readonly import_us: number },
  start: (work: string, tensors: unknown) => (() => number) | Promise<() => number>,
): Promise<void>;
