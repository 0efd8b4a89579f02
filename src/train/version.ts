// The version of the library, for the records of runs; that of package.json.

export const version = "0.1.0";
