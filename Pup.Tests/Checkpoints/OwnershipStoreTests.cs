using Npgsql;
using Pup.Grains.Checkpoints;
using Pup.Grains.Coordination;
using Pup.Grains.Feed;
using Pup.Tests.Support;

namespace Pup.Tests.Checkpoints;

public sealed class OwnershipStoreTests(PostgresServer server)
{
    private static CancellationToken Token => TestContext.Current.CancellationToken;

    [Fact]
    public async Task Without_the_look_session_of_its_generation_nobody_takes_ownership()
    {
        await using var database = await TestDatabase.CreateAsync(server);
        await using var engine = TestEngine.Start(database.ConnectionString);
        var definition = engine.Define(static () => new LedgerProjection());
        await ProjectionRegistrar.RegisterAsync(database.DataSource, definition, Token);
        await using var pool = NpgsqlDataSource.Create(database.ConnectionString);
        await using var dead = new Generation(1, 4711, pool);

        await Assert.ThrowsAsync<GenerationEndedException>(
            () => new OwnershipStore(engine.Options, TimeProvider.System, silo: null).OwnAsync(dead, definition, 0, 0, mayTake: true, Token));

        Assert.Equal(0L, await database.ScalarAsync<long>("select epoch from projection_checkpoints"));
    }
}
