// The section of a report that shows where the time of a profiled run went.

import type { RunProfile } from "./profile.ts";
import { bySeconds, profileCells, profileHead, profileRows, profileSummary, programTitle } from "./profile-text.ts";
import { escapeHtml } from "./report-html.ts";

export function profileSection(profile: RunProfile): string {
  const tables = bySeconds(profile.programs).map((program) => {
    const rows = profileRows(program, profile.peaks, 20).map((row) => {
      const [kernel, ...cells] = profileCells(row).map(escapeHtml);
      return `<tr><th scope="row"><code>${kernel}</code></th>${cells.map((cell) => `<td>${cell}</td>`).join("")}</tr>`;
    });
    const head = profileHead.map((name) => `<th scope="col">${name}</th>`).join("");
    return `<h3>${escapeHtml(programTitle(program))}</h3>
<div class="card scroll"><table class="numbers"><thead><tr>${head}</tr></thead>
<tbody>${rows.join("\n")}</tbody></table></div>`;
  });
  return `<section><h2>Where the time went</h2>
<p class="soft">${escapeHtml(profileSummary(profile))}.</p>
${tables.join("\n")}</section>`;
}
