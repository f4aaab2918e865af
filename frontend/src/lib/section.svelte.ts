// A form over a section of the settings: what is typed, what is saved, and what somebody else has saved meanwhile.

import { get, Problem, put } from "../api/client";
import type { JsonSchema, SettingsSection } from "../api/types";
import { m } from "../i18n";
import { BadJson, changesOf, draftOf, fieldsOf, isSet, rebase, same, type Draft, type FieldValue, type FormField } from "./schema";

export class SectionForm {
  readonly fields: FormField[];
  draft = $state<Draft>({});
  saved = $state.raw<SettingsSection>() as SettingsSection;
  busy = $state(false);
  /** Something was saved that takes effect at the next start. */
  restart = $state(false);
  problem = $state.raw<Problem | null>(null);
  /** What somebody else has saved while this person typed. */
  theirs = $state.raw<{ taken: FormField[]; both: FormField[] } | null>(null);

  /** Over all keys that the page may show, or over these. */
  constructor(section: SettingsSection, keys?: readonly string[]) {
    this.saved = section;
    // What only a file may set is in the schema, but has no value here.
    const known = fieldsOf(section.settings_schema as JsonSchema).filter((field) => field.key in section.values);
    this.fields = keys ? known.filter((field) => keys.includes(field.key)) : known;
    this.draft = draftOf(this.fields, section.values);
  }

  static async read(name: string, keys?: readonly string[]): Promise<SectionForm> {
    return new SectionForm(await get<SettingsSection>(`settings/${name}`), keys);
  }

  get changed(): boolean {
    const before = draftOf(this.fields, this.saved.values);
    return this.fields.some(({ key }) => !same(this.draft[key], before[key]));
  }

  text(key: string): string {
    return String(this.draft[key] ?? "");
  }

  set(key: string, value: FieldValue): void {
    this.draft[key] = value;
  }

  stored(field: FormField): boolean {
    return isSet(this.saved.values[field.key]);
  }

  locked(key: string): string | undefined {
    return this.saved.locked[key];
  }

  later(key: string): boolean {
    return this.saved.needs_restart.includes(key);
  }

  errorOf(key: string): string | undefined {
    const name = `${this.saved.name}.${key}`;
    const found = this.problem?.fields.find((error) => error.field === name || error.field.startsWith(`${name}.`));
    return found?.message || undefined;
  }

  /** Whether all of it is saved now; where not, all that was typed is still there. */
  async save(): Promise<boolean> {
    this.busy = true;
    this.problem = null;
    try {
      const values = changesOf(this.fields, this.draft, draftOf(this.fields, this.saved.values));
      this.#take(await put<SettingsSection>(`settings/${this.saved.name}`, values, { version: this.saved.version }));
      this.restart ||= Object.keys(values).some((key) => this.later(key));
      return true;
    } catch (error) {
      await this.#refused(error);
      return false;
    } finally {
      this.busy = false;
    }
  }

  reset(): void {
    this.#take(this.saved);
  }

  #take(saved: SettingsSection): void {
    this.saved = saved;
    this.theirs = this.problem = null;
    Object.assign(this.draft, draftOf(this.fields, saved.values));
  }

  async #refused(error: unknown): Promise<void> {
    if (error instanceof BadJson) this.problem = new Problem(0, { detail: m.settings.badJson(error.field.label) });
    else if (error instanceof Problem && error.code === "changed_by_another") await this.#catchUp(error);
    else this.problem = Problem.of(error);
  }

  /** What is typed is put over what is saved now; it is for the person to look at it, and to save again. */
  async #catchUp(refusal: Problem): Promise<void> {
    try {
      const now = await get<SettingsSection>(`settings/${this.saved.name}`);
      const before = draftOf(this.fields, this.saved.values);
      const { draft, taken, both } = rebase(this.fields, this.draft, before, draftOf(this.fields, now.values));
      this.saved = now;
      this.draft = draft;
      this.theirs = { taken, both };
    } catch {
      this.problem = refusal;
    }
  }
}
