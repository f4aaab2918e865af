// Alles, was die Seiten sagen, auf Deutsch.

import type { Messages } from "../en";
import { common } from "./common";
import { dashboard } from "./dashboard";
import { downloads } from "./downloads";
import { library } from "./library";
import { search } from "./search";
import { schema } from "./schema";
import { settings } from "./settings";
import { people } from "./people";
import { notifications } from "./notifications";
import { system } from "./system";
import { wanted } from "./wanted";
import { welcome } from "./welcome";

export const de: Messages = {
  ...common,
  ...dashboard,
  ...search,
  ...downloads,
  ...library,
  ...settings,
  ...schema,
  ...people,
  ...notifications,
  ...system,
  ...wanted,
  ...welcome,
};
