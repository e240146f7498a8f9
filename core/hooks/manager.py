"""The gate: which plugins speak for a garage, and what happens when one of them fails."""

import asyncio
import inspect
import time
from collections import defaultdict
from collections.abc import AsyncIterator, Awaitable, Callable, Iterator, Mapping, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass
from functools import partial
from typing import Any
from uuid import UUID

import pluggy
import structlog
from sqlalchemy import inspect as inspect_row
from sqlalchemy.ext.asyncio import AsyncSession

from core.db.session import end_statement
from core.errors import GaveWay, PluginError, Refused
from core.hooks import specs
from core.hooks.answers import checked, items_of
from core.hooks.manifest import CORE_VERSION, PluginManifest
from core.hooks.markers import PROJECT
from core.logs import told
from core.tenancy.context import TenantContext, current_tenant

log = structlog.get_logger(__name__)

FAULTS_UNTIL_OPEN = 5
OPEN_SECONDS = 60.0
LONGEST_SECONDS = 10.0
"""How long one implementation may keep somebody waiting."""
STATEMENT_SECONDS = 8.0
"""How long after its beginning it may still wait for the database; to have the statement ended
takes at most :data:`core.db.session.ASIDE_SECONDS` more."""
UNHURRIED = frozenset({"demo_data", "personal_data_erase", "personal_data_export"})
"""Hooks behind which nobody waits for a page."""


@dataclass(slots=True)
class Fault:
    """How a plugin misbehaves for one garage in this process, in one hook or template."""

    count: int = 0
    last_error: str = ""
    open_until: float = 0.0


class UnmetRequirement(PluginError):
    """What `plugin` requires is not installed, or requires it in turn."""

    def __init__(self, plugin: str, text: str) -> None:
        super().__init__(text)
        self.plugin = plugin


class HookManager:
    """Calls hooks of exactly those plugins that are on for the garage in scope.

    Each implementation is called on its own: one that raises costs its own contribution.
    After five failures in a row that hook of its plugin is left out for that garage for a minute:
    what works of a plugin goes on, and what does not cannot hide behind it.
    """

    def __init__(self, plugins: Sequence[Any], *, complete: bool = True) -> None:
        """Register `plugins` in that order; `complete=False` if what they require may be missing.

        Raises:
            PluginError: one has no manifest, a name that is taken, or a way past the gate.
            UnmetRequirement: as it says.
            pluggy.PluginValidationError: one implements a hook that does not exist, or asks
                for an argument that a hook does not have.
        """
        self._manager = pluggy.PluginManager(PROJECT)
        self._manager.add_hookspecs(specs)
        self.own_hooks: dict[str, type | None] = {}
        self.manifests: dict[str, PluginManifest] = {}
        self.faults: dict[tuple[UUID, str, str], Fault] = defaultdict(Fault)
        for plugin in plugins:
            self._offer_hooks_of(plugin)
        for plugin in plugins:
            self._register(plugin)
        if complete:
            self._check_requirements()
        self._manager.check_pending()
        self._callers = self._one_caller_per_plugin()
        self._with_session = self._those_that_take("session")

    def _register(self, plugin: Any) -> None:
        manifest = getattr(plugin, "manifest", None)
        if not isinstance(manifest, PluginManifest):
            raise PluginError(f"{plugin!r} has no manifest")
        if manifest.name in self.manifests:
            raise PluginError(f"two plugins are named {manifest.name}")
        if not manifest.fits_core():
            raise PluginError(
                f"{manifest.name} needs core {manifest.requires_core}, this is {CORE_VERSION}"
            )
        _forbid_specname(plugin, manifest.name)
        self._manager.register(plugin, name=manifest.name)
        self.manifests[manifest.name] = manifest

    def _offer_hooks_of(self, plugin: Any) -> None:
        """Let others extend a plugin by hooks that it specifies itself, behind the same gate."""
        offered = getattr(plugin, "hookspecs", None)
        if offered is None:
            return
        name = getattr(getattr(plugin, "manifest", None), "name", "")
        for hook_name, spec in specified_in(offered).items():
            if not hook_name.startswith(f"{name}_"):
                raise PluginError(f"{name} specifies {hook_name}: it must begin with {name}_")
            if hook_name in self.own_hooks:
                raise PluginError(f"two plugins specify {hook_name}")
            self.own_hooks[hook_name] = items_of(spec)
        self._manager.add_hookspecs(offered)

    def _check_requirements(self) -> None:
        requires = {name: set(manifest.requires) for name, manifest in self.manifests.items()}
        for name, wanted in requires.items():
            if missing := sorted(wanted - set(requires)):
                raise UnmetRequirement(name, f"{name} requires {', '.join(missing)}")
        while ready := [name for name, wanted in requires.items() if not wanted & set(requires)]:
            for name in ready:
                del requires[name]
        if requires:
            circle = ", ".join(sorted(requires))
            raise UnmetRequirement(next(iter(requires)), f"require each other: {circle}")

    def _one_caller_per_plugin(self) -> dict[str, dict[str, pluggy.HookCaller]]:
        """Hook name → plugin name → a caller that reaches that plugin alone, in plugin order."""
        callers: dict[str, dict[str, pluggy.HookCaller]] = {}
        everyone = self._manager.get_plugins()
        for hook_name in [*hook_names(), *self.own_hooks]:
            hook = getattr(self._manager.hook, hook_name)
            implementing = {impl.plugin_name for impl in hook.get_hookimpls()}
            callers[hook_name] = {
                name: self._manager.subset_hook_caller(
                    hook_name, [p for p in everyone if p is not self._manager.get_plugin(name)]
                )
                for name in self.manifests
                if name in implementing
            }
        return callers

    def _those_that_take(self, argument: str) -> set[tuple[str, str]]:
        """(hook, plugin) where the plugin's implementation asks for that argument."""
        return {
            (hook_name, implementation.plugin_name)
            for hook_name in self._callers
            for implementation in getattr(self._manager.hook, hook_name).get_hookimpls()
            if argument in implementation.argnames
        }

    def takes_session(self, *hook_names: str, but: str | None = None) -> bool:
        """Whether a plugin that is on for the garage in scope asks for the session in one of these
        hooks, the plugin `but` aside: whoever asks them needs none otherwise."""
        active = current_tenant().active_plugins
        return any(
            hook_name in hook_names and plugin in active and plugin != but
            for hook_name, plugin in self._with_session
        )

    def implementers(self, hook_name: str) -> list[str]:
        """The plugins that implement a hook, in order."""
        return list(self._callers[hook_name])

    def ask_all(self, hook_name: str) -> Iterator[tuple[str, Any]]:
        """Ask every loaded plugin, garage or not: only for hooks that are asked at start.

        Yields `(plugin name, answer)`. A failure here stops the start: it is a broken plugin.
        """
        for name, caller in self._callers[hook_name].items():
            yield name, _only(caller())

    def ask(self, hook_name: str, **values: Any) -> list[Any]:
        """Answers of the plugins that are on for the garage in scope (plain hooks only)."""
        answers = []
        tenant = current_tenant()
        for name, caller in self._open_callers(hook_name, tenant):
            try:
                answer = self._checked(hook_name, _only(caller(**values)))
            except Exception as error:  # noqa: BLE001 - any way of failing is a fault of the plugin
                self.note_fault(name, hook_name, error)
                continue
            self.note_success(name, hook_name)
            if answer is not None:
                answers.append(answer)
        return answers

    async def ask_async(self, hook_name: str, **values: Any) -> list[Any]:
        """Like :meth:`ask` for hooks that may be coroutines; a session is put in a savepoint
        for those that ask for it.

        A :class:`~core.errors.Refused` passes through: a rule of the shop is not a fault.
        """
        return list((await self.ask_by_plugin(hook_name, **values)).values())

    async def ask_by_plugin(
        self, hook_name: str, *, but: str | None = None, **values: Any
    ) -> dict[str, Any]:
        """Like :meth:`ask_async`, with whose answer each is; the plugin `but` is not asked."""
        answers = {}
        for name, caller in self._open_callers(hook_name, current_tenant()):
            if name == but:
                continue
            work = partial(self._checked_answer, hook_name, caller, values)
            takes_session = (hook_name, name) in self._with_session
            session = values.get("session") if takes_session else None
            answer = await self.guarded(name, hook_name, session, work)
            if answer is not None:
                answers[name] = answer
        return answers

    async def guarded(
        self,
        plugin: str,
        hook_name: str,
        session: AsyncSession | None,
        work: Callable[[], Awaitable[Any]],
    ) -> Any:
        """Await `work` of a plugin in a savepoint, within its time, as a hook is: also for what
        a plugin handed out with its answer to a hook. None where it failed, or is left out.

        A :class:`~core.errors.Refused` passes through.
        """
        tenant = current_tenant()
        if self._is_left_out(tenant, plugin, hook_name):
            return None
        longest = None if hook_name in UNHURRIED else LONGEST_SECONDS
        try:
            async with (
                asyncio.timeout(longest),
                _ended_statements(session if longest else None),
                _savepoint(session),
            ):
                answer = await work()
        except (Refused, GaveWay):
            raise
        except Exception as error:  # noqa: BLE001 - any way of failing is a fault of the plugin
            self.note_fault(plugin, hook_name, error)
            return None
        self.note_success(plugin, hook_name)
        return answer

    async def ask_plugin(self, plugin: str, hook_name: str, **values: Any) -> Any:
        """Ask one plugin whatever the gate says (switching on and off); failures are raised."""
        caller = self._callers[hook_name].get(plugin)
        return None if caller is None else await call_and_wait(caller, values)

    def _open_callers(
        self, hook_name: str, tenant: TenantContext
    ) -> Iterator[tuple[str, pluggy.HookCaller]]:
        for name, caller in self._callers[hook_name].items():
            if name in tenant.active_plugins and not self._is_left_out(tenant, name, hook_name):
                yield name, caller

    def _is_left_out(self, tenant: TenantContext, plugin: str, hook: str) -> bool:
        fault = self.faults.get((tenant.id, plugin, hook))
        return fault is not None and fault.open_until > time.monotonic()

    def _checked(self, hook_name: str, answer: Any) -> Any:
        return checked(hook_name, answer, self.own_hooks.get(hook_name))

    async def _checked_answer(
        self, hook_name: str, caller: pluggy.HookCaller, values: Mapping[str, Any]
    ) -> Any:
        return self._checked(hook_name, await call_and_wait(caller, values))

    def is_left_out(self, plugin: str, hook: str) -> bool:
        """Whether the breaker of that hook or template is open for the garage in scope."""
        return bool(self.faults) and self._is_left_out(current_tenant(), plugin, hook)

    def note_fault(self, plugin: str, hook: str, error: Exception) -> None:
        """Count a fault of a plugin for the garage in scope, in a hook or in a template that it
        handed out; open that hook's breaker at the fifth."""
        fault = self.faults[current_tenant().id, plugin, hook]
        fault.count += 1
        fault.last_error = f"{hook}: {told(error)}"
        if fault.count >= FAULTS_UNTIL_OPEN:
            fault.open_until = time.monotonic() + OPEN_SECONDS
        log.error("plugin.failed", plugin=plugin, hook=hook, in_a_row=fault.count, exc_info=error)

    def note_success(self, plugin: str, hook: str) -> None:
        """It works for the garage in scope: what it failed before is forgotten."""
        if self.faults:
            self.faults.pop((current_tenant().id, plugin, hook), None)


def hook_names() -> list[str]:
    """All hooks of the specification, in its order."""
    return list(specified_in(specs))


def specified_in(offered: Any) -> dict[str, Any]:
    """The functions of a module that are specifications of hooks, by name, in its order."""
    return {
        name: member
        for name, member in vars(offered).items()
        if inspect.isfunction(member) and hasattr(member, f"{PROJECT}_spec")
    }


async def call_and_wait(caller: pluggy.HookCaller, values: Mapping[str, Any]) -> Any:
    """Call one plugin's hook and await what it returned, if it must be awaited."""
    answer = _only(caller(**values))
    return await answer if inspect.isawaitable(answer) else answer


def _only(answers: Any) -> Any:
    """A caller that reaches one plugin answers a list of one (or the first result itself)."""
    if isinstance(answers, list):
        return answers[0] if answers else None
    return answers


def _forbid_specname(plugin: Any, name: str) -> None:
    """Pluggy's subset callers still call implementations declared with `specname`: refuse them."""
    for attribute in dir(plugin):
        options = getattr(getattr(plugin, attribute, None), f"{PROJECT}_impl", None)
        if isinstance(options, dict) and options.get("specname"):
            raise PluginError(f"{name}.{attribute}: `specname` would pass the gate; rename it")


@asynccontextmanager
async def _ended_statements(session: AsyncSession | None) -> AsyncIterator[None]:
    """A statement that hangs ends in time to go back to the savepoint. It costs no message where
    nothing hangs, as a `statement_timeout` for the hook's part of a transaction would."""
    if session is None:
        yield
        return
    loop, ending = asyncio.get_running_loop(), list[asyncio.Task[None]]()
    timer = loop.call_later(
        STATEMENT_SECONDS, lambda: ending.append(loop.create_task(end_statement(session)))
    )
    try:
        yield
    finally:
        timer.cancel()
        if ending:  # or it might end a statement of somebody else's
            await ending[0]


@asynccontextmanager
async def _savepoint(session: AsyncSession | None) -> AsyncIterator[None]:
    if session is None:
        yield
        return
    try:
        async with session.begin_nested():
            yield
    except (Exception, asyncio.CancelledError):
        await _read_again(session)
        raise


async def _read_again(session: AsyncSession) -> None:
    """What was changed in a savepoint is forgotten with it; the page still needs those rows."""
    for row in list(session.sync_session.identity_map.values()):
        if inspect_row(row).expired:
            await session.refresh(row)


_installed: list[HookManager] = []


def install_hooks(manager: HookManager) -> None:
    """Make `manager` the one that :func:`hooks` answers in this process."""
    _installed[:] = [manager]


def hooks() -> HookManager:
    """The hook manager of this process.

    Raises:
        PluginError: the composition root has not installed one yet.
    """
    if not _installed:
        raise PluginError("no plugins are loaded yet: the composition root installs them")
    return _installed[0]
