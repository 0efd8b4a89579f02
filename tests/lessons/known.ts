// The numbers that the literature gives for the worked examples, at the digits it gives them with.

/** [number, digits after the point]; a number is found among the checks of a lesson when one expects it at as many digits. */
export const known: Readonly<Record<number, readonly (readonly [value: number, digits: number])[]>> = {
  1: [
    [2, 10],
    [0, 10],
    [0.5, 10],
  ],
  4: [
    [0, 10],
    [1, 10],
  ],
  5: [[256, 10]],
  6: [
    [0.5, 10],
    [0.25, 10],
  ],
  7: [
    [1.5, 10],
    [0.8175744762, 10],
    [0.0666395359, 10],
    [0.0455837607, 10],
    [-0.0272081196, 10],
  ],
  // To more digits it is 2.41047901625 rounded, 2.410479016249 cut: the tenth digit is 2 when rounded once.
  8: [[2.4104790162, 10]],
  10: [
    ...[1.1, -0.1, 0.7502601056, 0.4750208125, 0.4326758302, 0.6065124506, 0.0774162258],
    ...[-0.0939078096, -0.0123168465, 0.0070255073],
    ...[1.1073901079, -0.1042153044, 0.7516422268, 0.4739697288, 0.4507594296, 0.61081978, 0.0757306218],
    ...[-0.0925155235, -0.0122109912, 0.0068169643],
    ...[0.2012316846, 0.4024633693, -0.5007025507, 0.2985948985, 0.1012316846, -0.2007025507],
    ...[0.7070455283, -0.2955391836, 0.059390781],
    ...[0.2024527838, 0.4049055675, -0.5013842472, 0.2972315057, 0.1024527838, -0.2013842472],
    ...[0.7139993857, -0.2911542278, 0.0686423333],
    ...[0.6462154402, 0.811958133, 0.9465655095],
  ].map((value) => [value, 10] as const),
  15: [[8, 10]],
};

/** What the literature says in words or as a fact, and some check must say. */
export const facts: Readonly<Record<number, readonly string[]>> = {
  2: ["convex", "strictly convex"],
};
