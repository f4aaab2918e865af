// The stores put together: what the pages share.

import type { StateChange } from "../api/types";
import { m } from "../i18n";
import { failed } from "../lib/status";
import { downloads } from "./downloads.svelte";
import { Live } from "./live.svelte";
import { notices } from "./notices.svelte";
import { session } from "./session.svelte";

/** Only ends are worth a message of their own; everything else shows in the list. */
const told = ({ download_id, new_status }: StateChange) => {
  if (new_status !== "IMPORTED" && !failed(new_status)) return;
  const title = downloads.get(download_id)?.data.book_title;
  if (title === undefined) return;
  const path = `/downloads/${download_id}`;
  notices.say(m.downloads.changed(title, m.statusOf(new_status)), { path, text: m.add.show }, { bad: failed(new_status) });
};

export const live = new Live(downloads, told, () => void session.refresh());
