"""The names of all applications that Asterisk's own modules have, played by the model or not, and lines with others."""

from __future__ import annotations

import difflib
import re
from collections.abc import Iterator
from typing import Final

from stasis_sim.conf.jumps import lines
from stasis_sim.handoff.clib.text import fold
from stasis_sim.handoff.dialplan.contexts import Dialplan, Step
from stasis_sim.handoff.profiles import ASTERISK_16, ASTERISK_22, Profile

_ALWAYS: Final = """
    AddQueueMember ADSIProg AELSub AgentLogin AgentRequest AGI AlarmReceiver AMD Answer AttendedTransfer
    Authenticate BackGround BackgroundDetect BlindTransfer Bridge BridgeAdd BridgeWait Busy CallCompletionCancel
    CallCompletionRequest CELGenUserEvent ChanIsAvail ChannelRedirect ChanSpy ClearHash ConfBridge ConfKick
    Congestion ContinueWhile ControlPlayback DAHDIAcceptR2Call DAHDIScan DAHDISendCallreroutingFacility
    DAHDISendKeypadFacility DateTime DBdeltree DeadAGI Dial Dictate Directory DISA DumpChan EAGI Echo EndWhile Exec
    ExecIf ExecIfTime ExitWhile ExtenSpy ExternalIVR Festival Flash FollowMe ForkCDR GetCPEID Gosub GosubIf Goto
    GotoIf GotoIfTime Hangup HangupCauseClear IAX2Provision Incomplete IVRDemo JabberJoin JabberLeave JabberSend
    JabberSendGroup JabberStatus JACK Log MeetMe MeetMeAdmin MeetMeChannelAdmin MeetMeCount MessageSend Milliwatt
    MinivmAccMess MinivmDelete MinivmGreet MinivmMWI MinivmNotify MinivmRecord MixMonitor MobileSendSMS MobileStatus
    Morsecode MP3Player MSet MusicOnHold NoOp ODBC_Commit ODBC_Rollback ODBCFinish Originate Page Park
    ParkAndAnnounce ParkedCall PauseQueueMember Pickup PickupChan Playback PlayTones PrivacyManager Proceeding
    Progress Queue QueueLog QueueUpdate RaiseException Read ReadExten ReceiveFAX ReceiveMF ReceiveSF ReceiveText
    Record Reload RemoveQueueMember ResetCDR RetryDial Return Ringing SayAlpha SayAlphaCase SayCountedAdj
    SayCountedNoun SayDigits SayMoney SayNumber SayOrdinal SayPhonetic SayUnixTime SendDTMF SendFAX SendMF SendSF
    SendText Set SkelGuessNumber SLAStation SLATrunk SMS SoftHangup SpeechActivateGrammar SpeechBackground
    SpeechCreate SpeechDeactivateGrammar SpeechDestroy SpeechLoadGrammar SpeechProcessingSound SpeechStart
    SpeechUnloadGrammar StackPop StartMusicOnHold Stasis StatsD StopMixMonitor StopMusicOnHold StopPlayTones
    StoreDTMF StreamEcho System TestClient TestServer ToneScan Transfer TryExec TrySystem UnpauseQueueMember
    UserEvent Verbose VMAuthenticate VMSayName VoiceMail VoiceMailMain VoiceMailPlayMsg Wait WaitDigit WaitExten
    WaitForCondition WaitForNoise WaitForRing WaitForSilence WaitForTone WaitUntil While Zapateller
"""
"""Those of 16 and 22."""

_ONLY_16: Final = """
    ChangeMonitor DAHDIRAS ICES ImportVar Macro MacroExclusive MacroExit MacroIf MailboxExists Monitor
    MYSQL NBScat NoCDR OSPAuth OSPFinish OSPLookup OSPNext PauseMonitor SendImage SendURL SetAMAFlags SIPAddHeader
    SIPDtmfMode SIPRemoveHeader SIPSendCustomINFO StopMonitor UnpauseMonitor
"""
"""Those of 16 that are gone in 22."""

_ONLY_22: Final = """
    AudioSocket Broadcast Else ElseIf EndIf ExitIf If PJSIPHangup PJSIPNotify Signal StasisBroadcast WaitForSignal
"""
"""Those that came after 16."""

_INSTEAD: Final = {
    "dbdel": "Set(X=${DB_DELETE(...)})",
    "dbget": "Set(X=${DB(...)})",
    "dbput": "Set(DB(...)=X)",
    "digittimeout": "Set(TIMEOUT(digit)=...)",
    "importvar": "Set() with IMPORT()",
    "macro": "Gosub",
    "macroexclusive": "Gosub",
    "macroexit": "Return",
    "macroif": "GosubIf",
    "monitor": "MixMonitor",
    "nocdr": "Set(CDR_PROP(disable)=1)",
    "responsetimeout": "Set(TIMEOUT(response)=...)",
    "rxfax": "ReceiveFAX",
    "setamaflags": "Set(CHANNEL(amaflags)=...)",
    "setcallerid": "Set(CALLERID(all)=...)",
    "setcallerpres": "Set(CALLERID(pres)=...)",
    "setcdruserfield": "Set(CDR(userfield)=...)",
    "setlanguage": "Set(CHANNEL(language)=...)",
    "setmusiconhold": "Set(CHANNEL(musicclass)=...)",
    "setvar": "Set",
    "sipaddheader": "Set(PJSIP_HEADER(add,...)=...)",
    "sipremoveheader": "Set(PJSIP_HEADER(remove,...)=)",
    "stopmonitor": "StopMixMonitor",
    "txfax": "SendFAX",
}
"""What took the place of applications that are gone."""

_OLD_ARGUMENTS: Final = re.compile(r"[,|]")
"""What came before the arguments of an application before they stood in brackets."""

_LIKENESS: Final = 0.7
"""How alike a name must be to be taken for a slip, from 0 to 1: somebody else's application is none."""


def unknown_applications(dialplan: Dialplan, profile: Profile) -> Iterator[tuple[Step, str]]:
    """Yield the first line of each application that an Asterisk has only by a module of somebody else's, and why."""
    names = f"{_ALWAYS} {_ONLY_16 if profile.name == ASTERISK_16.name else _ONLY_22}"
    own = {fold(name): name for name in names.split()}
    seen = {*own, ""}
    for _, _, step, call in lines(dialplan):
        if call.name not in seen and "$" not in call.name:
            seen.add(call.name)
            written = step.application.strip()
            yield step, _text(written if fold(written) == call.name else call.name, own, profile)


def _text(name: str, own: dict[str, str], profile: Profile) -> str:
    """Return what is said of an application that is not there."""
    head, arguments = (*_OLD_ARGUMENTS.split(name, maxsplit=1), "")[:2]
    remedy = _INSTEAD.get(fold(head))
    if fold(name) in fold(f"{_ONLY_16} {_ONLY_22}").split():
        other = ASTERISK_22.name if profile.name == ASTERISK_16.name else ASTERISK_16.name
        where = f"{name}() is not in {profile.name}, but in {other}: calls end here"
        return f"{where}; write {remedy or 'another application'}"
    if head != name and fold(head) in own:
        return f"{name} as a whole is no application: calls end here; write {own[fold(head)]}({arguments})"
    near = difflib.get_close_matches(fold(name), own, n=1, cutoff=_LIKENESS)
    remedy = f"write {remedy}" if remedy else f"load its module, or write {own[near[0]] if near else 'another'}"
    return f"{name}() is none of Asterisk's own applications: calls end here if no other module has it; {remedy}"
