import * as api from "../api/client";
import { Problem } from "../api/client";
import type { AuthStatus, Role } from "../api/types";

/** `expired` keeps the page as it is below the sign-in form, so that nothing typed is lost. */
type State = "unknown" | "unreachable" | "setup" | "login" | "ready" | "expired";

class Session {
  state = $state<State>("unknown");
  name = $state<string | null>(null);
  role = $state<Role | null>(null);
  tokenRequired = $state(false);
  /** The guided set-up waits for this person. */
  welcome = $state(false);
  problem = $state.raw<Problem | null>(null);

  /** What others may not do is not even shown to them; the server refuses it all the same. */
  get admin(): boolean {
    return this.role === "admin";
  }

  async begin(): Promise<void> {
    api.onSignedOut(() => {
      if (this.state === "ready") this.state = "expired";
    });
    api.onAdminsOnly(() => {
      if (this.admin) void this.refresh();
    });
    try {
      this.#take(await api.get<AuthStatus>("auth/status"));
    } catch (error) {
      this.problem = Problem.of(error);
      this.state = "unreachable";
    }
  }

  async setup(name: string, password: string, token: string): Promise<void> {
    await api.post("auth/setup", { name, password, ...(token ? { token } : {}) });
    await this.#enter(name, password);
    // From here on the guided set-up waits: also for who closes the page now.
    await api.put("welcome", { pending: true });
  }

  async login(name: string, password: string): Promise<void> {
    await api.post("auth/login", { name, password });
    this.#take(await api.get<AuthStatus>("auth/status"));
  }

  /** Somebody may have changed what this person may do, or thrown them out. */
  async refresh(): Promise<void> {
    if (this.state !== "ready") return;
    try {
      const status = await api.get<AuthStatus>("auth/status");
      if (status.signed_in) this.#take(status);
      else this.state = "expired";
    } catch {
      // Whoever cannot be reached now is asked again at the next occasion.
    }
  }

  /** Every other session of the account ends; this one goes on with a new cookie. */
  async changePassword(current: string, fresh: string): Promise<void> {
    await api.post("auth/password", { current, new: fresh });
  }

  async logout({ everywhere = false } = {}): Promise<void> {
    await api.post(everywhere ? "auth/logout-everywhere" : "auth/logout");
    this.state = "login";
    this.name = this.role = null;
  }

  /** Setting up may or may not sign in as well. */
  async #enter(name: string, password: string): Promise<void> {
    const status = await api.get<AuthStatus>("auth/status");
    if (status.signed_in) this.#take(status);
    else await this.login(name, password);
  }

  #take(status: AuthStatus): void {
    this.name = status.name;
    this.role = status.role;
    this.tokenRequired = status.needs_token;
    this.welcome = status.welcome;
    if (status.setup_needed) this.state = "setup";
    else this.state = status.signed_in ? "ready" : "login";
  }
}

export const session = new Session();
