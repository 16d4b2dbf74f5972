using CsCheck;
using Pup.Grains.Feed;

namespace Pup.Tests.Feed;

public sealed class HighWaterMarkTests
{
    private static readonly DateTimeOffset Now = new(2026, 1, 1, 0, 0, 0, TimeSpan.Zero);

    // -1 is a look's first question, -2 its second; everything else is a step of the log.
    private static readonly Gen<int[]> Histories = Gen.Frequency((1, Gen.Const(-1)), (1, Gen.Const(-2)), (4, Gen.Int[0, 1 << 20])).Array[0, 120];

    [Fact]
    public void No_position_up_to_the_mark_is_ever_undecided() => Histories.Sample(
        history => Replay(history, persisted: false, (log, rule) => Assert.True(rule.Mark < log.FirstUndecided, $"mark {rule.Mark}, undecided {log.FirstUndecided}")),
        iter: 20_000);

    [Fact]
    public void A_generation_that_starts_from_a_persisted_mark_is_as_safe() => Histories.Sample(
        history => Replay(history, persisted: true, (log, rule) => Assert.True(rule.Mark < log.FirstUndecided, $"mark {rule.Mark}, undecided {log.FirstUndecided}")),
        iter: 20_000);

    [Fact]
    public void Without_writers_one_look_brings_the_mark_to_the_end_of_the_log() => Histories.Sample(
        history =>
        {
            var (log, rule) = Replay(history, persisted: false, (_, _) => { });
            log.EndAll();
            rule.Observe(log.Visible, log.Writers, Now);
            Assert.Equal(log.Visible, rule.Mark);
            Assert.Empty(rule.Holding);
        },
        iter: 5_000);

    [Fact]
    public void A_look_asks_for_the_end_of_the_log_before_it_asks_for_writers() => Assert.Equal(
        [LookSession.ChecksSql, LookSession.VisibleSql, LookSession.SequenceSql, LookSession.WritersSql], LookSession.Steps);

    [Fact]
    public void A_look_that_asked_for_writers_first_would_lose_events()
    {
        var lost = false;
        Histories.Sample(
            history =>
            {
                var log = new SimulatedLog();
                var rule = new HighWaterMark(null);
                List<LogWriter>? writers = null;
                foreach (var step in history)
                {
                    if (step >= 0)
                        log.Step(step);
                    else if (step == -1)
                        writers = log.Writers;
                    else if (writers is not null)
                        rule.Observe(log.Visible, writers, Now);
                    lost |= rule.Mark >= log.FirstUndecided;
                }
            },
            iter: 1_000);
        Assert.True(lost);
    }

    [Fact]
    public void The_check_itself_finds_a_mark_that_follows_what_is_visible()
    {
        var found = false;
        Histories.Sample(
            history =>
            {
                var log = new SimulatedLog();
                foreach (var step in history.Where(step => step >= 0))
                {
                    log.Step(step);
                    found |= log.Visible >= log.FirstUndecided;
                }
            },
            iter: 1_000);
        Assert.True(found);
    }

    [Fact]
    public void A_writer_first_seen_in_a_look_holds_the_mark_at_what_the_previous_look_saw()
    {
        var rule = new HighWaterMark(null);
        rule.Observe(10, [], Now);
        rule.Observe(15, [new LogWriter("3/1", 7)], Now);
        Assert.Equal(10, rule.Mark);
        rule.Observe(20, [new LogWriter("3/1", 7), new LogWriter("3/2", 8)], Now);
        Assert.Equal(10, rule.Mark);
        rule.Observe(20, [new LogWriter("3/2", 8)], Now);
        Assert.Equal(15, rule.Mark);
        Assert.Equal(8, Assert.Single(rule.Holding).Writer.Pid);
    }

    [Fact]
    public void Without_a_persisted_mark_the_first_look_waits_for_its_writers_and_says_who()
    {
        var rule = new HighWaterMark(null);
        rule.Observe(10, [new LogWriter("3/1", 7)], Now);
        Assert.Equal(0, rule.Mark);
        Assert.Equal(7, Assert.Single(rule.Holding).Writer.Pid);
        rule.Observe(12, [], Now);
        Assert.Equal(12, rule.Mark);
    }

    [Fact]
    public void With_a_persisted_mark_the_first_look_does_not_fall_behind_it()
    {
        var rule = new HighWaterMark(8);
        rule.Observe(10, [new LogWriter("3/1", 7)], Now);
        Assert.Equal(8, rule.Mark);
    }

    [Fact]
    public void Deleted_newest_rows_do_not_take_the_mark_back()
    {
        var rule = new HighWaterMark(null);
        rule.Observe(10, [], Now);
        rule.Observe(4, [], Now);
        Assert.Equal(10, rule.Mark);
    }

    [Fact]
    public void A_writer_that_is_prepared_keeps_its_floor_and_loses_its_pid()
    {
        var rule = new HighWaterMark(null);
        rule.Observe(10, [], Now);
        rule.Observe(10, [new LogWriter("3/1", 7)], Now);
        rule.Observe(20, [new LogWriter("3/1", null)], Now);
        Assert.Equal(10, rule.Mark);
        Assert.Null(Assert.Single(rule.Holding).Writer.Pid);
    }

    private static (SimulatedLog Log, HighWaterMark Rule) Replay(int[] history, bool persisted, Action<SimulatedLog, HighWaterMark> check)
    {
        var log = new SimulatedLog();
        var rule = new HighWaterMark(null);
        long? visible = null;
        foreach (var step in history)
        {
            if (step >= 0)
            {
                log.Step(step);
            }
            else if (step == -1)
            {
                visible = log.Visible;
            }
            else if (visible is { } seen)
            {
                rule.Observe(seen, log.Writers, Now);
                visible = null;
                if (persisted && seen % 3 == 0)
                    rule = new HighWaterMark(rule.Mark);
            }

            check(log, rule);
        }

        return (log, rule);
    }
}
