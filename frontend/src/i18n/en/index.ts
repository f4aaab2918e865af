// Every word that the pages say, a file for each page. A function takes what the sentence is about.

import { common } from "./common";
import { dashboard } from "./dashboard";
import { search } from "./search";
import { downloads } from "./downloads";
import { library } from "./library";
import { schema } from "./schema";
import { settings } from "./settings";
import { people } from "./people";
import { notifications } from "./notifications";
import { system } from "./system";
import { wanted } from "./wanted";
import { welcome } from "./welcome";

export const en = {
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

export type Messages = typeof en;
