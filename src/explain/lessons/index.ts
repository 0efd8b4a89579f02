// Lessons: how they are written, worked out, and held to what is known.

export { digits, type Figure, type Insertable } from "./figures.ts";
export { lesson, type Pen } from "./lesson.ts";
export type { About, Block, Check, Checked, Given, Lesson, LessonPage, LessonTable } from "./page.ts";
export { type ImageGallery, imageGallery } from "./pictures.ts";
export { type SurfacePlot, surfaceFigure } from "./surface.ts";
