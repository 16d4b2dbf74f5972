using Pup.Grains.Partitions;
using Pup.Tests.Support;

namespace Pup.Tests.Projections;

/// <summary>41 events, one of them of type <c>Bad</c>, and a handler that notes each event it applies.</summary>
internal sealed record AuthoringRun(TestDatabase Database, TestEngine Engine, PartitionRunner Runner) : IAsyncDisposable
{
    public Task<string> ErrorAsync() => Database.ScalarAsync<string>("select error from projection_dead_letters");

    public async Task AssertOnlyTheBadOneIsMissingAsync()
    {
        Assert.Equal(40, await Database.ScalarAsync<long>("select count(*) from ledger"));
        Assert.Equal(40, await Database.ScalarAsync<long>("select count(*) from notes"));
        Assert.Equal(0, await Database.ScalarAsync<long>("select count(*) from notes where note <> 'Happened'"));
        Assert.Equal("bad failed", await Database.ScalarAsync<string>("select string_agg(ordering_key || ' ' || status, ', ') from projection_dead_letters"));
    }

    public async ValueTask DisposeAsync()
    {
        await Engine.DisposeAsync();
        await Database.DisposeAsync();
    }
}
