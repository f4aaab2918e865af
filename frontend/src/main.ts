import { mount } from "svelte";
import App from "./App.svelte";
import { language } from "./i18n";
import "./styles/base.css";

document.documentElement.lang = language;
const target = document.getElementById("app");
if (!target) throw new Error("index.html has lost its #app");
mount(App, { target });
