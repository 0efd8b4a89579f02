// Compiled libraries, kept between processes in a folder of the user's that nobody else can write to. An entry is a folder named by
// the hash of everything that went into it; it is made under another name and renamed when it is complete, so that there is never
// a part of one, whoever is killed and however many processes compile the same program at once. What is loaded is checked first.

import { fail } from "../../graph/errors.ts";
import { crypto, fs, os, path } from "./node.ts";

export interface Entry {
  readonly key: string;
  readonly library: string;
}

interface Manifest {
  readonly bytes: number;
  readonly sha256: string;
}

export const libraryName = "library.bin";
const manifestName = "manifest.json";
const day = 86_400_000;
const oldest = 90 * day;
const mostBytes = 512 * 2 ** 20;
/** Folders of compilations that were killed. */
const abandoned = day / 12;

export function sha256(...parts: readonly (string | Uint8Array)[]): string {
  const hash = crypto().createHash("sha256");
  for (const part of parts) {
    hash.update(`${part.length}:`);
    hash.update(part);
  }
  return hash.digest("hex");
}

/** Where the folder is: $GRADUS_CACHE, or `gradus` in the place that the system has for caches. */
export function cacheLocation(): string {
  const { join, isAbsolute, resolve } = path();
  const { GRADUS_CACHE, XDG_CACHE_HOME, LOCALAPPDATA } = process.env;
  if (GRADUS_CACHE) return resolve(GRADUS_CACHE);
  const home = os().homedir();
  if (process.platform === "darwin") return join(home, "Library/Caches/gradus");
  if (process.platform === "win32") return join(LOCALAPPDATA ?? join(home, "AppData/Local"), "gradus");
  // A relative path is to be ignored (XDG Base Directory Specification).
  return join(XDG_CACHE_HOME && isAbsolute(XDG_CACHE_HOME) ? XDG_CACHE_HOME : join(home, ".cache"), "gradus");
}

/** What is in the way of using `folder` for code that will be run: someone else could change it. */
function objection(folder: string): string | undefined {
  if (process.platform === "win32") return undefined;
  const { dirname } = path();
  const user = process.getuid?.();
  const own = fs().statSync(folder);
  if (!own.isDirectory()) return "it is not a folder";
  if (own.uid !== user) return `it belongs to another user (number ${own.uid}; you are ${user})`;
  if ((own.mode & 0o022) !== 0) {
    return `others may write to it (mode ${(own.mode & 0o777).toString(8)}). Run: chmod 700 '${folder}'`;
  }
  // Whoever may rename a folder above it may put another in its place; a sticky one, like /tmp, lets nobody.
  for (let above = dirname(fs().realpathSync(folder)); ; above = dirname(above)) {
    const { mode, uid } = fs().statSync(above);
    // 65534: a user of outside the container, most often its root.
    if (uid !== user && uid !== 0 && uid !== 65534) return `the folder ${above} above it belongs to another user (number ${uid})`;
    if ((mode & 0o002) !== 0 && (mode & 0o1000) === 0) return `anyone may write to the folder ${above} above it`;
    if (above === dirname(above)) return undefined;
  }
}

const advice = 'Set the environment variable GRADUS_CACHE to a folder of your own, or use engine: "wasm", which needs none.';

/** What `action` returns, which reads and writes the folder; what the system refuses (a full disk …) is an engine error. */
export function keeping<T>(action: () => T): T {
  try {
    return action();
  } catch (error) {
    if (!(error instanceof Error && "syscall" in error)) throw error;
    return fail("engine", `native: compiled programs cannot be kept in ${cacheLocation()}: ${error.message}. ${advice}`);
  }
}

/** Makes a folder and those above it. (Node's own way never ends in /proc and the like.) */
function makeFolder(folder: string): void {
  if (fs().existsSync(folder)) return;
  const above = path().dirname(folder);
  if (above !== folder) makeFolder(above);
  try {
    fs().mkdirSync(folder, { mode: 0o700 });
  } catch (error) {
    // Another process may have made it meanwhile.
    if (!fs().existsSync(folder)) throw error;
  }
}

/** The folder, made if it does not exist. Throws an engine error where it cannot be made or is not safe. */
export function cacheFolder(): string {
  const folder = cacheLocation();
  keeping(() => {
    makeFolder(folder);
    fs().accessSync(folder, fs().constants.W_OK | fs().constants.X_OK);
  });
  const reason = objection(folder);
  if (reason) fail("engine", `native: compiled programs are not kept in ${folder}, because ${reason}. ${advice}`);
  return folder;
}

/** Throws an engine error where the system runs no code from files in the folder, of which `file` is one. */
export function expectRunnable(file: string): void {
  if (process.platform === "win32") return;
  fs().chmodSync(file, 0o700);
  try {
    fs().accessSync(file, fs().constants.X_OK);
  } catch {
    fail(
      "engine",
      `native: the file system of ${cacheLocation()} is mounted so that nothing in it can be run (noexec). ${advice}`,
    );
  }
}

/** A new folder for one compilation. */
export function temporaryFolder(): string {
  return fs().mkdtempSync(path().join(cacheFolder(), "new-"));
}

export function discard(folder: string): void {
  try {
    fs().rmSync(folder, { recursive: true, force: true });
  } catch {
    // Someone else is at it, or a library in it is loaded (Windows): the next tidying will have it.
  }
}

/** The entry of that key, if it is there and whole. A damaged one is thrown away. */
export function lookUp(key: string): Entry | undefined {
  const folder = path().join(cacheFolder(), key);
  const library = path().join(folder, libraryName);
  let manifest: Manifest;
  try {
    manifest = JSON.parse(fs().readFileSync(path().join(folder, manifestName), "utf8"));
  } catch {
    if (fs().existsSync(folder)) throwAway(folder);
    return undefined;
  }
  try {
    const data = fs().readFileSync(library);
    if (data.length === manifest.bytes && sha256(data) === manifest.sha256) {
      touch(folder);
      return { key, library };
    }
  } catch {
    // As good as damaged.
  }
  throwAway(folder);
  return undefined;
}

/** Out of the way first, whole: another process may be about to put a good one there. */
function throwAway(folder: string): void {
  const away = path().join(path().dirname(folder), `old-${process.pid}-${crypto().randomUUID()}`);
  try {
    fs().renameSync(folder, away);
  } catch {
    return;
  }
  discard(away);
}

/** When an entry was used last, to the day. */
function touch(folder: string): void {
  try {
    const now = Date.now();
    if (now - fs().statSync(folder).mtimeMs > day) fs().utimesSync(folder, now / 1000, now / 1000);
  } catch {
    // Deleted meanwhile.
  }
}

/** Makes an entry of a folder in which the library has been compiled. The folder is gone afterwards. */
export function publish(key: string, folder: string): Entry {
  const { join, dirname } = path();
  const compiled = join(folder, libraryName);
  const data = fs().readFileSync(compiled);
  fs().chmodSync(compiled, 0o700);
  const manifest: Manifest = { bytes: data.length, sha256: sha256(data) };
  fs().writeFileSync(join(folder, manifestName), JSON.stringify(manifest), { mode: 0o600 });
  const target = join(dirname(folder), key);
  // A folder that is there already is another process's, and as good; if it is damaged it makes room for ours.
  for (let attempt = 0; attempt < 5; attempt++) {
    try {
      fs().renameSync(folder, target);
      tidy(dirname(target), key);
      return { key, library: join(target, libraryName) };
    } catch (error) {
      const theirs = lookUp(key);
      if (theirs) {
        discard(folder);
        return theirs;
      }
      if (attempt === 4) throw error;
    }
  }
  return fail("engine", `native: ${target} could not be written.`);
}

/** Deletes what has not been used for long, and the least recently used entries beyond the bound. */
function tidy(folder: string, keep: string): void {
  const entries: { readonly at: string; readonly used: number; readonly bytes: number }[] = [];
  const now = Date.now();
  for (const name of fs().readdirSync(folder)) {
    const at = path().join(folder, name);
    try {
      const { mtimeMs: used } = fs().statSync(at);
      if (name.startsWith("new-") || name.startsWith("old-")) {
        if (now - used > abandoned) discard(at);
      } else if (name !== keep) {
        if (now - used > oldest) discard(at);
        else entries.push({ at, used, bytes: bytesIn(at) });
      }
    } catch {
      // Deleted meanwhile.
    }
  }
  entries.sort((a, b) => b.used - a.used);
  let total = 0;
  for (const { at, bytes } of entries) {
    total += bytes;
    if (total > mostBytes) throwAway(at);
  }
}

function bytesIn(at: string): number {
  const { isDirectory, size } = stats(at);
  if (!isDirectory) return size;
  return fs()
    .readdirSync(at)
    .reduce((sum, name) => sum + stats(path().join(at, name)).size, 0);
}

function stats(at: string): { readonly isDirectory: boolean; readonly size: number } {
  const found = fs().statSync(at);
  return { isDirectory: found.isDirectory(), size: found.size };
}

// Small notes ---------------------------------------------------------------------------------------------------------------

/** A text kept under a name, if it is there. */
export function readNote(name: string): string | undefined {
  const folder = cacheFolder();
  try {
    return fs().readFileSync(path().join(folder, `note-${name}`), "utf8");
  } catch {
    return undefined;
  }
}

export function writeNote(name: string, text: string): void {
  const folder = cacheFolder();
  const temporary = path().join(folder, `new-${process.pid}-${crypto().randomUUID()}`);
  try {
    fs().writeFileSync(temporary, text, { mode: 0o600 });
    fs().renameSync(temporary, path().join(folder, `note-${name}`));
  } catch (error) {
    discard(temporary);
    throw error;
  }
}
