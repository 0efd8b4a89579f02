// Files in Node: reading with clear errors, writing so that a crash at any moment leaves the old file or the new one, and logs
// whose torn last line is repaired. Node only; everything that understands formats works on bytes and lives beside this file.

import { randomBytes } from "node:crypto";
import { constants } from "node:fs";
import { access, type FileHandle, open, readFile as readWhole, rename, unlink } from "node:fs/promises";
import { basename, dirname, join } from "node:path";
import { GradusError } from "../graph/errors.ts";

/** The whole file. Throws a data error that says what to check if it cannot be read. */
export async function readFile(path: string): Promise<Uint8Array> {
  try {
    const buffer = await readWhole(path);
    return new Uint8Array(buffer.buffer, buffer.byteOffset, buffer.byteLength);
  } catch (error) {
    throw explained("read", path, error);
  }
}

/** The whole file as UTF-8 text. */
export async function readText(path: string): Promise<string> {
  try {
    return new TextDecoder("utf-8", { fatal: true }).decode(await readFile(path));
  } catch (error) {
    if (error instanceof GradusError) throw error;
    throw new GradusError("data", `${path} is not UTF-8 text. Convert it, for instance with iconv.`, { cause: error });
  }
}

export async function exists(path: string): Promise<boolean> {
  try {
    await access(path, constants.F_OK);
    return true;
  } catch {
    return false;
  }
}

/**
 * Replaces the file by `contents`, durably: written beside it, flushed, renamed over it, and the folder flushed. Whoever reads sees
 * the old contents or the new, never a mixture. Throws a run error (disk full, no permission …) and leaves nothing behind.
 */
export async function writeFileAtomic(path: string, contents: Uint8Array | string): Promise<void> {
  const temporary = join(dirname(path), `.${basename(path)}.${process.pid}.${randomBytes(4).toString("hex")}.tmp`);
  try {
    const file = await open(temporary, "wx");
    try {
      await file.writeFile(contents);
      await file.sync();
    } finally {
      await file.close();
    }
    await rename(temporary, path);
    await syncFolder(dirname(path));
  } catch (error) {
    await unlink(temporary).catch(() => undefined);
    throw explained("write", path, error);
  }
}

/** Makes a rename in the folder survive a power cut. */
async function syncFolder(path: string): Promise<void> {
  if (process.platform === "win32") return; // folders cannot be opened there
  const folder = await open(path, "r");
  try {
    await folder.sync();
  } finally {
    await folder.close();
  }
}

/** A JSON Lines file being appended to. */
export interface JsonLines {
  readonly path: string;
  /** Records that were there when it was opened. */
  readonly records: readonly unknown[];
  /** Writes each record as a line; after the promise resolves they survive a crash of the machine. */
  append(...records: readonly object[]): Promise<void>;
  /** Closes the file; nothing can be appended afterwards. */
  close(): Promise<void>;
}

/**
 * Opens (or creates) a log for appending. A last line that a crash has torn is cut off. With `keep`, the records from the first
 * one that it rejects onwards are cut off as well (a resumed run repeats what came after its checkpoint). Throws a data error
 * naming the line if any other line is not JSON.
 */
export async function openJsonLines(path: string, { keep }: { keep?: (record: unknown) => boolean } = {}): Promise<JsonLines> {
  let file: FileHandle;
  try {
    file = await open(path, constants.O_RDWR | constants.O_CREAT | constants.O_APPEND, 0o666);
  } catch (error) {
    throw explained("open", path, error);
  }
  let records: unknown[];
  try {
    if (!(await file.stat()).isFile()) throw new GradusError("run", `cannot open ${path}: it is not a regular file.`);
    const bytes = await file.readFile();
    const parsed = parseLines(path, bytes, keep);
    records = parsed.records;
    if (parsed.length < bytes.length) {
      await file.truncate(parsed.length);
      await file.sync();
    }
  } catch (error) {
    await file.close();
    throw explained("open", path, error);
  }
  return {
    path,
    records,
    async append(...added) {
      if (added.length === 0) return;
      try {
        // One write of whole lines, so that lines never interleave.
        await file.appendFile(added.map((record) => `${JSON.stringify(record)}\n`).join(""));
        await file.datasync();
      } catch (error) {
        throw explained("append to", path, error);
      }
    },
    close: () => file.close(),
  };
}

/** The records of a JSON Lines file; a torn last line is left out. */
export async function readJsonLines(path: string): Promise<unknown[]> {
  return parseLines(path, await readFile(path)).records;
}

/** Records, and how many bytes of the file hold them. */
function parseLines(
  path: string,
  bytes: Uint8Array,
  keep?: (record: unknown) => boolean,
): { records: unknown[]; length: number } {
  const decoder = new TextDecoder();
  const records: unknown[] = [];
  let length = 0;
  for (let line = 1; length < bytes.length; line++) {
    const end = bytes.indexOf(10, length);
    if (end < 0) break;
    let record: unknown;
    try {
      record = JSON.parse(decoder.decode(bytes.subarray(length, end)));
    } catch (error) {
      // A crash of the machine can leave a last line of the right length whose contents never reached the disk.
      if (end === bytes.length - 1) break;
      throw new GradusError("data", `${path}, line ${line}: not JSON. Lines after it are intact; repair or remove this one.`, {
        cause: error,
      });
    }
    if (keep !== undefined && !keep(record)) break;
    records.push(record);
    length = end + 1;
  }
  return { records, length };
}

const advice: Readonly<Record<string, string>> = {
  ENOENT: "no such file or folder. Check the path, and that its folder exists",
  EACCES: "permission denied. Check the owner and mode of the file and its folder",
  EPERM: "operation not permitted. Check the owner and mode of the file and its folder",
  EROFS: "the file system is read-only. Choose another place",
  EISDIR: "it is a folder, where a file was expected",
  ENOTDIR: "a part of the path is a file, where a folder was expected",
  ENOSPC: "the disk is full. Free some space or choose another place; what was there before is unchanged",
  EDQUOT: "the disk quota is used up. Free some space or choose another place; what was there before is unchanged",
  EFBIG: "the file would be larger than the system allows; what was there before is unchanged",
  EMFILE: "too many files are open",
  ERR_FS_FILE_TOO_LARGE: "the file is larger than 2 GiB, which cannot be read in one piece",
};

/** An error of the system as one that says what to do: "cannot write PATH: the disk is full. …" */
export function explained(what: string, path: string, error: unknown): GradusError {
  if (error instanceof GradusError) return error;
  const code = error instanceof Error && "code" in error ? String(error.code) : "";
  const why = advice[code] ?? (error instanceof Error ? error.message : String(error));
  return new GradusError(what === "read" ? "data" : "run", `cannot ${what} ${path}: ${why}.${code === "" ? "" : ` (${code})`}`, {
    cause: error,
  });
}
