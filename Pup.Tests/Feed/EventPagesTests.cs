using CsCheck;
using Npgsql;
using Pup.Grains;
using Pup.Grains.Feed;
using Pup.Grains.Projections;
using Pup.Tests.Support;

namespace Pup.Tests.Feed;

public sealed class EventPagesTests : IAsyncDisposable
{
    private readonly ScriptedReader _reader = new();
    private readonly PupOptions _options = new() { PageSpan = 64, Workers = 4 };
    private readonly Generation _generation = new(1, 1, NpgsqlDataSource.Create("Host=/nowhere"));
    private readonly PageCacheCounts _counts = new();
    private long _mark;
    private EventPages? _pages;

    private EventPages Pages => _pages ??= new EventPages(_generation, _reader, () => Volatile.Read(ref _mark), _options, TimeProvider.System, _counts);

    public async ValueTask DisposeAsync()
    {
        await _generation.DisposeAsync();
        if (_pages is not null)
            await _pages.DisposeAsync();
    }

    [Fact]
    public async Task A_page_is_read_once_for_all_who_want_it()
    {
        _mark = 64;
        _reader.Gated = true;
        var readers = Enumerable.Range(0, 10).Select(position => ReadAsync(position)).ToList();
        await ReadsAsync(1);
        _reader.Release();
        foreach (var slice in await Task.WhenAll(readers))
            Assert.Equal(64, slice.UpTo);
        Assert.Single(_reader.Reads);
    }

    [Fact]
    public async Task A_slice_is_a_hit_when_another_had_needed_its_read()
    {
        _mark = 64 * 5;
        for (var reader = 0; reader < 3; reader++)
        {
            for (var position = 0L; position < _mark;)
                position = (await ReadAsync(position)).UpTo;
            Assert.Equal((5L, 5L * reader), (_counts.Misses, _counts.Hits));
        }

        // At the tail each read brings a part of a page.
        for (var more = 1; more <= 3; more++)
        {
            _mark++;
            await ReadAsync(_mark - 1);
            await ReadAsync(_mark - 1);
            Assert.Equal((5L + more, 10L + more), (_counts.Misses, _counts.Hits));
        }
    }

    [Fact]
    public async Task A_read_that_began_before_the_mark_moved_counts_only_to_its_own_bound()
    {
        _mark = 10;
        _reader.Gated = true;
        var early = ReadAsync(0);
        await ReadsAsync(1);
        Volatile.Write(ref _mark, 20);
        // This one needs what is beyond the bound of the read in flight.
        var late = ReadAsync(10);
        _reader.Release();
        Assert.Equal(10, (await early).UpTo);
        await ReadsAsync(2);
        Assert.False(late.IsCompleted);
        _reader.Release();
        var slice = await late;
        Assert.Equal((10, 20), (slice.From, slice.UpTo));
        Assert.Equal([(0L, 10L), (10L, 20L)], _reader.Reads);
    }

    [Fact]
    public async Task A_page_goes_when_the_last_of_its_followers_has_passed_it()
    {
        _mark = 128;
        using var first = Pages.Follow(ProjectionScope.All, 0);
        var second = Pages.Follow(ProjectionScope.All, 0);
        await ReadAsync(0);
        // It was read ahead.
        await ReadAsync(64);
        var both = Pages.Bytes;

        first.MoveTo(64);
        Assert.Equal(both, Pages.Bytes);
        second.MoveTo(63);
        Assert.Equal(both, Pages.Bytes);
        second.MoveTo(64);
        Assert.InRange(Pages.Bytes, 1, both - 1);
        await ReadAsync(64);
        Assert.Equal(2, _reader.Reads.Count);

        first.MoveTo(128);
        Assert.NotEqual(0, Pages.Bytes);
        second.Dispose();
        Assert.Equal(0, Pages.Bytes);
    }

    [Fact]
    public async Task A_page_that_is_just_being_read_stays_until_it_is_asked_for_again()
    {
        _mark = 64;
        _reader.Gated = true;
        using var follower = Pages.Follow(ProjectionScope.All, 0);
        var reading = ReadAsync(0);
        await ReadsAsync(1);
        follower.MoveTo(64);
        _reader.Release();
        Assert.Equal(64, (await reading).UpTo);
        follower.MoveTo(64);
        Assert.Equal(0, Pages.Bytes);
    }

    [Fact]
    public async Task A_partial_page_is_extended_and_earlier_slices_do_not_change()
    {
        _mark = 3;
        var first = await ReadAsync(0);
        _mark = 5;
        var second = await ReadAsync(3);
        _mark = 64;
        var third = await ReadAsync(5);
        Assert.Equal([1L, 2, 3], Positions(first));
        Assert.Equal([4L, 5], Positions(second));
        Assert.Equal(Enumerable.Range(6, 59).Select(position => (long)position), Positions(third));
        Assert.Equal([(0L, 3L), (3L, 5L), (5L, 64L)], _reader.Reads);
        Assert.Equal(64, (await ReadAsync(0)).Events.Length);
        Assert.Equal(3, _reader.Reads.Count);
    }

    [Fact]
    public async Task A_failed_read_fails_those_who_wait_and_the_next_one_reads_again()
    {
        _mark = 10;
        _reader.Gated = true;
        var readers = new[] { ReadAsync(0), ReadAsync(5) };
        await ReadsAsync(1);
        _reader.Release(new TimeoutException("gone"));
        foreach (var reader in readers)
            await Assert.ThrowsAsync<TimeoutException>(() => reader);
        _reader.Gated = false;
        Assert.Equal(10, (await ReadAsync(0)).Events.Length);
    }

    [Fact]
    public async Task That_one_waiter_gives_up_does_not_disturb_the_others()
    {
        _mark = 10;
        _reader.Gated = true;
        using var stop = new CancellationTokenSource();
        var impatient = Pages.ReadAsync(ProjectionScope.All, 0, stop.Token).AsTask();
        await ReadsAsync(1);
        var patient = ReadAsync(0);
        await stop.CancelAsync();
        await Assert.ThrowsAnyAsync<OperationCanceledException>(() => impatient);
        _reader.Release();
        Assert.Equal(10, (await patient).Events.Length);
        Assert.Single(_reader.Reads);
    }

    [Fact]
    public async Task The_end_of_the_generation_fails_waiting_readers_with_its_own_exception()
    {
        _mark = 10;
        _reader.Gated = true;
        var waiting = ReadAsync(0);
        await ReadsAsync(1);
        await _generation.EndAsync();
        await Assert.ThrowsAsync<GenerationEndedException>(() => waiting);
        await Assert.ThrowsAsync<GenerationEndedException>(() => ReadAsync(0));
    }

    [Fact]
    public async Task The_next_page_is_read_while_this_one_is_being_used()
    {
        _mark = 1_000;
        await ReadAsync(0);
        await ReadAsync(0);
        await Eventually.TrueAsync(() => _reader.Reads.Any(read => read.After == 64), RunningFeed.Patience, "the next page is read ahead");
    }

    [Fact]
    public async Task Memory_stays_bounded_however_long_the_log()
    {
        _options.PageCacheBytes = 20 * 64 * 100;
        _mark = 64_000;
        for (var position = 0L; position < _mark;)
        {
            position = (await ReadAsync(position)).UpTo;
            // One page may be in flight beyond the limit.
            Assert.True(Pages.Bytes <= _options.PageCacheBytes + (2 * 64 * 100), $"{Pages.Bytes} bytes at {position}");
        }
    }

    [Fact]
    public async Task The_page_used_longest_ago_goes_first()
    {
        // Three pages, with what each costs beside its events.
        _options.PageCacheBytes = 3 * ((64 * 100) + 256);
        _mark = 64 * 3;
        await ReadAsync(0);
        await ReadAsync(64);
        await ReadAsync(128);
        await ReadAsync(0);
        _mark = 64 * 4;
        await ReadAsync(192);
        await ReadAsync(0);
        await ReadAsync(64);
        // The first is still there, and what was dropped for the fourth was read again.
        Assert.Equal([(0L, 64L), (64L, 128L), (128L, 192L), (192L, 256L), (64L, 128L)], _reader.Reads.Take(5));
    }

    [Fact]
    public async Task A_page_that_reached_its_byte_limit_ends_there_and_the_next_begins_there()
    {
        _options.PageBytes = 1_000;
        _mark = 64;
        Assert.Equal((0, 10), Span(await ReadAsync(0)));
        Assert.Equal((10, 20), Span(await ReadAsync(10)));
        Assert.Equal((15, 20), Span(await ReadAsync(15)));
    }

    [Fact]
    public async Task A_page_that_is_extended_at_the_tail_stops_at_its_byte_limit_too()
    {
        _options.PageBytes = 1_000;
        for (_mark = 1; _mark <= 64; _mark++)
            Assert.Equal((_mark - 1, _mark), Span(await ReadAsync(_mark - 1)));
        Assert.True((await ReadAsync(0)).Events.Length <= 10);
    }

    [Fact]
    public async Task Spans_grow_where_the_scope_is_sparse()
    {
        _reader.Every = 1_000;
        _mark = 1_000_000;
        var events = 0;
        for (var position = 0L; position < _mark;)
        {
            var slice = await ReadAsync(position);
            position = slice.UpTo;
            events += slice.Events.Length;
        }

        Assert.Equal(1_000, events);
        Assert.True(_reader.Reads.Count < 200, $"{_reader.Reads.Count} reads");
    }

    [Fact]
    public void Whatever_the_positions_marks_and_limits_each_event_is_seen_exactly_once() =>
        Gen.Select(Gen.Int[1, 40], Gen.Int[100, 3_000], Gen.Int[1, 7], Gen.Int[0, 30].Array[1, 60], Gen.Long[100, 8_000]).Sample(
            (step, pageBytes, every, pauses, cacheBytes) =>
            {
                var options = new PupOptions { PageSpan = 16, PageBytes = pageBytes, PageCacheBytes = cacheBytes, Workers = 2 };
                var reader = new ScriptedReader { Every = every };
                var mark = 0L;
                var generation = new Generation(1, 1, NpgsqlDataSource.Create("Host=/nowhere"));
                var pages = new EventPages(generation, reader, () => Volatile.Read(ref mark), options, TimeProvider.System);
                var positions = new long[3];
                var seen = new[] { new List<long>(), new List<long>(), new List<long>() };
                foreach (var pause in pauses)
                {
                    Volatile.Write(ref mark, mark + (pause * step));
                    var who = pause % 3;
                    for (var reads = 0; reads <= pause % 5 && positions[who] < mark; reads++)
                    {
                        var slice = pages.ReadAsync(ProjectionScope.All, positions[who], CancellationToken.None).AsTask().GetAwaiter().GetResult();
                        Assert.True(slice.UpTo > positions[who] && slice.UpTo <= mark);
                        seen[who].AddRange(Positions(slice));
                        positions[who] = slice.UpTo;
                    }
                }

                for (var who = 0; who < 3; who++)
                    Assert.Equal(Enumerable.Range(1, (int)positions[who]).Where(position => position % every == 0).Select(position => (long)position), seen[who]);
            },
            iter: 300);

    private static IEnumerable<long> Positions(FeedSlice slice) => slice.Events.ToArray().Select(read => read.Event.GlobalPosition);

    private static (long From, long UpTo) Span(FeedSlice slice) => (slice.From, slice.UpTo);

    private Task<FeedSlice> ReadAsync(long position) => Pages.ReadAsync(ProjectionScope.All, position, TestContext.Current.CancellationToken).AsTask();

    private Task ReadsAsync(int count) => Eventually.TrueAsync(() => _reader.Reads.Count >= count, RunningFeed.Patience, $"{count} reads have begun");
}
