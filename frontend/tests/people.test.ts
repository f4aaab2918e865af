// @vitest-environment jsdom
import { fireEvent, render, screen, waitFor } from "@testing-library/svelte";
import { beforeEach, expect, test, vi } from "vitest";
import SchemaField from "../src/components/SchemaField.svelte";
import UserDialog from "../src/components/UserDialog.svelte";
import { m } from "../src/i18n";
import { fieldsOf } from "../src/lib/schema";
import { serve } from "./help";

beforeEach(() => {
  // jsdom knows the element but not its methods.
  HTMLDialogElement.prototype.showModal = function () {
    this.open = true;
  };
  HTMLDialogElement.prototype.close = function () {
    this.open = false;
  };
});

const type = (label: string, value: string) => fireEvent.input(screen.getByLabelText(label), { target: { value } });

test("a short password is told before anything is sent, and a taken name loses nothing", async () => {
  const fetched = serve({ "POST /api/users": { status: 409, body: { code: "name_taken", detail: "There is already one." } } });
  const onclose = vi.fn();
  render(UserDialog, { onsaved: vi.fn(), onclose });
  await type(m.people.name, "bob");
  await type(m.people.password, "short");
  await fireEvent.click(screen.getByText(m.people.add, { selector: "button" }));
  expect(screen.getByText(m.auth.tooShort(8))).toBeTruthy();
  expect(fetched).not.toHaveBeenCalled();
  await type(m.people.password, "long enough");
  await fireEvent.click(screen.getByText(m.people.add, { selector: "button" }));
  await waitFor(() => screen.getByText("There is already one."));
  expect(screen.getByLabelText<HTMLInputElement>(m.people.password).value).toBe("long enough");
  expect(onclose).not.toHaveBeenCalled();
});

test("what is typed is thrown away only when somebody says so", async () => {
  const onclose = vi.fn();
  render(UserDialog, { onsaved: vi.fn(), onclose });
  await type(m.people.name, "bob");
  await fireEvent.click(screen.getByLabelText(m.close));
  expect(onclose).not.toHaveBeenCalled();
  await fireEvent.click(screen.getByText(m.people.leaveYes));
  await waitFor(() => expect(onclose).toHaveBeenCalledOnce());
});

test("boxes are in words, keep their order, and a value without words is shown as it is", async () => {
  const [field] = fieldsOf({
    properties: { topics: { type: "array", title: "Tell about", items: { type: "string", enum: ["imported", "failed", "new"] } } },
  });
  if (!field) throw new Error("no field");
  const onvalue = vi.fn();
  render(SchemaField, { field, value: "failed", onvalue });
  expect(screen.getByLabelText("new")).toBeTruthy();
  await fireEvent.click(screen.getByLabelText(m.choices.imported ?? ""));
  expect(onvalue).toHaveBeenCalledWith("imported\nfailed");
});
