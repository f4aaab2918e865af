import { mount } from "svelte";
import App from "./App.svelte";
import { speak } from "./i18n";
import "./styles/base.css";

const target = document.getElementById("app");
if (!target) throw new Error("index.html has lost its #app");
await speak();
mount(App, { target });
