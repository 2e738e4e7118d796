package field

import (
	"io/fs"
	"os"
	"path"
	"regexp"
	"slices"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

// A situation is one that users of other pollers met, and the tests that show how the library fares
// in it: those of this package by their names, others behind their folder.
type situation struct {
	what  string
	tests []string
}

// situations are sorted by what goes wrong.
var situations = map[string][]situation{
	"a plugin misbehaves": {
		{"it returns a typed nil error, or one whose methods panic", []string{
			"TestWhateverAPollReturnsCanBeLookedAt", "./TestAHookThatMisbehavesEndsAtMostItsOwnWait",
		}},
		{"a token source panics while others wait for its token", []string{"internal/web/TestTokensSurviveASourceThatPanics"}},
		{"it does not heed its context", []string{
			"./TestPollsThatDoNotComeBackAreWrittenOff", "TestADeafTransportTakesNoWorkerFromOthers",
			"TestWhatIsStartedOrFetchedMayBeWrong",
			"TestAHoldThatMisbehavesIsReplacedByPolls",
		}},
		{"an observer is slow", []string{"./TestASlowObserverDoesNotShortenTheNextPoll", "./TestAHookThatMisbehavesEndsAtMostItsOwnWait"}},
		{"a logger panics", []string{"TestALoggerThatPanicsEndsNothing", "./TestAHookThatMisbehavesEndsAtMostItsOwnWait"}},
		{"a backoff overflows", []string{
			"backoff/TestNoStrategyOverflowsSpinsOrPassesItsCap", "backoff/peers/TestPeersKeepTheRulesOfAStrategy",
			"backoff/adaptive/TestLearnerKeepsItsRulesWhateverItSees", "./TestBackoffThatAnswersRubbishIsClampedAndLoggedOnce",
		}},
		{"it says of itself what can't be", []string{"TestWhatATransportSaysOfItselfMayBeWrong"}},
		{"it waits for time in a test", []string{"mock/TestAPluginThatWaitsForTimeGetsItsPollTimeout", "mock/TestAPluginThatWaitsForTimeInABubble"}},
	},
	"the service is odd for a while": {
		{"an outage between two 404s", []string{"TestAnOutageBetweenOddAnswersDoesNotUseUpThePatience"}},
		{"404 in the middle of a watch", []string{"TestNoOddAnswerEndsAWaitThatIsWellOtherwise", "./TestOddAnswersAreWaitedOutForAsLongAsPatienceLasts"}},
		{"404 right after the create", []string{"./TestJobThatIsNotKnownYetIsWaitedForAWhile"}},
		{"one handshake meets a wrong certificate", []string{
			"TestNoOddAnswerEndsAWaitThatIsWellOtherwise", "transport/rest/TestUntrustedTLSIsMisdirectedAfterOneRequest",
		}},
		{"a portal stands between", []string{"TestNoOddAnswerEndsAWaitThatIsWellOtherwise"}},
		{"answers are cut, empty, doubled or no JSON", []string{
			"TestNoOddAnswerEndsAWaitThatIsWellOtherwise", "TestOddAnswersForGoodEndTheWaitWithThePatience",
		}},
		{"502, 503, 504 and refused connections", []string{
			"TestAnOutageIsWaitedOutForAsLongAsItTakes", "transport/rest/TestARefusedConnectionIsTransientAndHealsByItself",
			"./TestOverHTTPAServiceThatIsDownForAWhileIsWaitedFor",
		}},
		{"it pads what it compresses", []string{"transport/rest/TestAnAnswerIsReadHoweverItIsCompressed"}},
		{"the source of tokens knows nothing about the job", []string{"transport/rest/TestATokenSourcesErrorIsTransientUnlessItSaysOtherwise"}},
		{"a token is refused", []string{
			"TestATokenThatIsRefusedAgainAndAgainIsReplacedEachTime", "transport/rest/TestATokenThatIsRefusedIsReplacedOnceInACall",
		}},
		{"it refuses for good", []string{"TestARefusalEndsTheWaitAtOnce", "transport/rest/TestClientErrorsArePermanentButForAFew"}},
		{"connections end by a GOAWAY", []string{
			"transport/rest/TestNoneOfManyRequestsFailsThoughConnectionsServeFew",
			"transport/rest/TestGoingAwayIsAnsweredByFewRequestsThatTheBudgetSees",
			"internal/web/TestSendsAreFreeWhileOthersAreAnswered",
		}},
		{"connections are closed after each answer", []string{"transport/rest/TestAGETSurvivesAServerThatClosesAfterEachAnswer"}},
	},
	"there is no status yet": {
		{"202 and 204 without a body", []string{"TestAJobWithoutAStateYetIsWaitedFor", "transport/rest/TestAcceptedWithoutAStatusIsPending"}},
		{"the state is null, empty or absent", []string{
			"TestAJobWithoutAStateYetIsWaitedFor", "transport/rest/TestNullAndTheEmptyWordMayBeWordsOfTheDialect",
		}},
		{"303 leads to the result", []string{"transport/rest/TestSeeOtherIsTheEndOfAJob"}},
	},
	"one word decides": {
		{"the end stands in one place, how it ended in another", []string{"TestOneWordAloneDoesNotDecide", "transport/rest/TestAJobOfManyPartsIsTold"}},
		{"a 303 leads to a failure, or back to the job", []string{
			"TestNoOddAnswerEndsAWaitThatIsWellOtherwise", "transport/rest/TestSeeOtherIsTheEndOfAJob", "transport/rest/TestSeeOtherMayDifferByItsQueryAlone",
		}},
		{"a gateway speaks in the words of the service", []string{
			"TestOneWordAloneDoesNotDecide", "transport/rest/TestServerErrorsAreTransientUnlessTheyTellThatTheJobEnded",
		}},
		{"an answer is about another job", []string{"TestOneWordAloneDoesNotDecide", "transport/rest/TestAnAnswerAboutAnotherJobIsMalformed"}},
		{"an error stands beside a good word", []string{"TestOneWordAloneDoesNotDecide", "transport/rest/TestWhatErrorSaysIsNeverCompleted"}},
	},
	"the service asks to be left alone": {
		{"by a wait that overflows", []string{"TestAnAbsurdWaitIsNone", "internal/web/FuzzRetryAfterStaysInBounds"}},
		{"by fractions, dates of any form and other headers", []string{
			"TestANamedWaitIsKeptHoweverItIsSpelled", "internal/web/TestPacingIsHeardInEveryHeader",
		}},
		{"by 403 and the like", []string{"TestANamedWaitIsKeptHoweverItIsSpelled", "transport/rest/TestARefusalThatNamesAWaitIsThrottling"}},
		{"in the body", []string{"TestAWaitInTheBodyIsHeardHoweverItIsWritten"}},
		{"by an answer that says nothing about the job", []string{"TestAWaitIsKeptWhateverAnswerNamesIt"}},
		{"by a limiter that is off or out of order", []string{"TestAQuotaBelowZeroIsNone", "internal/web/TestPacingIsHeardInEveryHeader"}},
		{"by 429 alone", []string{"TestARefusalWithoutAWaitIsPacedByTheBackoff"}},
		{"for longer than the wait lasts", []string{"TestAWaitBeyondTheTimeoutEndsAsThrottled", "./TestAWaitThatTheServiceAsksForIsNeverCutShort"}},
		{"and another wait joins meanwhile", []string{"TestAWaitThatJoinsKeepsThePause"}},
		{"and a notification comes meanwhile", []string{"TestANotificationKeepsThePause"}},
		{"in the answer to a held request", []string{"TestAWaitThatAHeldAnswerNamesIsKept"}},
		{"no longer", []string{"TestAWaitHoldsUntilTheServiceNamesAnother"}},
	},
	"a batch is spoiled": {
		{"one job makes it fail as a whole", []string{"TestNoBatchEndsAHealthyWait", "./TestAJobThatSpoilsItsBatchEndsNoOthersWait"}},
		{"jobs are missing, doubled, spelled otherwise or strangers", []string{
			"TestNoBatchEndsAHealthyWait", "transport/rest/TestRowsThatAgreeAreOneAndCaseIsNoOtherID",
		}},
		{"answers are pages", []string{"TestNoBatchEndsAHealthyWait", "./TestABatchIsNoLargerThanAPageOfTheService"}},
		{"it hangs", []string{"TestABatchThatHangsEndsNoHealthyWait"}},
		{"its answers disagree about a job", []string{"TestTwoAnswersOfABatchThatDisagreeEndNoWait"}},
		{"a few ids are very long", []string{"transport/rest/TestFitIsAsMuchAsARequestTakes", "transport/rest/TestABatchThatAsksForTooMuchIsOversized"}},
		{"jobs are polled rarely", []string{"TestABatchEndsNoHealthyWaitHoweverRarelyJobsArePolled"}},
		{"polls are brought forward one by one", []string{"TestPollsThatAreBroughtForwardGoIntoBatches"}},
		{"jobs get other ids", []string{"transport/rest/TestABatchGoesOnUnderANewID"}},
		{"there is no such endpoint", []string{"TestNoBatchEndsAHealthyWait", "internal/batching/TestAnEndpointThatIsNotThereIsLeftAlone"}},
	},
	"the last look is a wish": {
		{"the process stood still past the timeout", []string{"TestAClockThatJumpsPastTheTimeoutLeavesTimeForALook"}},
		{"the process stood still between two odd answers", []string{"TestAStandstillUsesUpNoPatience"}},
		{"a rate limit or busy workers hold up polls", []string{"./TestAWaitThatIsHeldUpGetsItsLook"}},
		{"a poll is slower than what is left", []string{"TestASlowPollDoesNotPutOffTheEnd", "./TestADeadlineOfTheContextIsPrecededByALastLook"}},
		{"a request is held for longer than is left", []string{"TestARequestThatIsHeldTooLongLeavesTimeForALook"}},
		{"the last error is lost", []string{"TestALimitTellsTheLastError", "./TestWaitErrorSaysWhatWasSeenAndWhatHeldItUp"}},
	},
	"ids come slowly": {
		{"without end, and the context ends", []string{
			"./TestAnEndedContextEndsACallWhoseIDsAreEndless", "./TestAnEndedContextEndsACallWhoseSequenceIsQuiet",
		}},
		{"while jobs end", []string{"./TestFinishedJobsAreYieldedWhileTheSequenceIsQuiet"}},
		{"from a sequence that breaks the rules", []string{"TestASequenceOfIDsMayMisbehave", "./TestASequenceThatPanicsDoesSoOnTheCallersGoroutine"}},
		{"with slashes", []string{"TestAnIDKeepsItsSlashesWhereTheDialectSaysSo", "transport/rest/FuzzIDsTravelAsOneSegment"}},
	},
	"a limit surprises": {
		{"who raises the timeout alone is given up on by attempts", []string{"./TestTheLimitThatWasSetHolds"}},
		{"limits are tiny, huge or the context's", []string{"TestALimitIsWhatItSaysHoweverSmallOrLarge", "./TestAWaitThatItsContextEndsTellsTheCause"}},
		{"a result is larger than 1 MiB", []string{"transport/rest/TestTheAnswersSizeIsAnOption"}},
		{"zero and nil mean something", []string{
			"./TestNilAndZeroMeanTheDefault", "transport/rest/TestNilAndZeroOptionsMeanTheDefault",
			"mock/TestNilIsTheDefaultOfAnOption",
		}},
		{"a rate limit of one's own starves a wait", []string{"./TestAWaitThatIsHeldUpGetsItsLook"}},
	},
	"words differ": {
		{"a word that ends jobs is not in the list", []string{
			"TestAWordThatTheDialectLacksIsQuotedAndWarnedOfOnce", "transport/rest/TestTheDefaultWordsHideNoFailure",
		}},
		{"words in another case, numbers and booleans", []string{
			"TestWordsAndNumbersAreFoundHoweverTheyAreWritten", "internal/rules/TestWordsAreFoundAsTheyAreSpelledFirst",
		}},
	},
	"memory is shared": {
		{"two waits get the same result", []string{"./TestNobodySharesTheBytesOfAResult", "TestAResultIsTheConsumersWhoeverElseIsShownIt"}},
		{"waits for the same jobs come and go", []string{
			"./TestEveryWaitHasItsResultAndStatsAddUpWhateverHappens", "./TestOneWatcherServesManyGoroutines",
		}},
	},
	"clocks are odd": {
		{"a function of the clock calls the clock", []string{"TestAFunctionThatTheClockCallsMayCallTheClock"}},
		{"another mock clock is moved by hand", []string{"TestAClockThatIsMovedByHand"}},
		{"it is set back", []string{"TestAClockThatIsSetBackHoldsUpAWaitForOnePollAtMost"}},
		{"it stands still", []string{"TestAClockThatStandsStillMakesNoBurst", "mock/TestAWaitThatNobodyMovesTheClockForFailsTheTest"}},
	},
}

// Each situation has a test that exists, and each test of this package is that of a situation.
func TestEachSituationHasATest(t *testing.T) {
	t.Parallel()
	exist := testsOf(t, os.DirFS("../.."))
	const here = "test/field"
	own := map[string]bool{}
	for kind, all := range situations {
		for _, s := range all {
			assert.NotEmpty(t, s.tests, "%s: %s", kind, s.what)
			for _, test := range s.tests {
				folder, name := path.Split(test)
				if folder == "" {
					folder, own[name] = here, true
				}
				assert.Contains(t, exist[path.Clean(folder)], name, "%s: %s", kind, s.what)
			}
		}
	}
	for _, name := range exist[here] {
		if name != "TestMain" && name != "TestEachSituationHasATest" {
			assert.True(t, own[name], "%s is that of no situation", name)
		}
	}
}

var testName = regexp.MustCompile(`(?m)^func ((?:Test|Fuzz)\w+)\(`)

// testsOf returns the names of the tests and fuzz targets of a tree, by their folders.
func testsOf(t *testing.T, tree fs.FS) map[string][]string {
	t.Helper()
	tests := map[string][]string{}
	require.NoError(t, fs.WalkDir(tree, ".", func(file string, d fs.DirEntry, err error) error {
		switch {
		case err != nil:
			return err
		case d.IsDir() && file != "." && strings.HasPrefix(d.Name(), "."):
			return fs.SkipDir
		case d.IsDir() || !strings.HasSuffix(file, "_test.go"):
			return nil
		}
		text, err := fs.ReadFile(tree, file)
		for _, m := range testName.FindAllStringSubmatch(string(text), -1) {
			tests[path.Dir(file)] = append(tests[path.Dir(file)], m[1])
		}
		return err
	}))
	for _, names := range tests {
		slices.Sort(names)
	}
	return tests
}
