using Npgsql;
using Pup.Tests.Support;

namespace Pup.Tests.Scenarios.Chaos;

/// <summary>Statements of the test's own, on a server that comes and goes: tried again until it answers.</summary>
internal static class Patience
{
    private static readonly TimeSpan _limit = TimeSpan.FromSeconds(60);

    public static Task<T> AskAsync<T>(TestDatabase database, string sql, params object[] args) => KeepAsync(database, () => database.ScalarAsync<T>(sql, args));

    public static async Task<T> KeepAsync<T>(TestDatabase database, Func<Task<T>> action)
    {
        using var limit = new CancellationTokenSource(_limit);
        while (true)
        {
            try
            {
                return await action();
            }
            catch (NpgsqlException exception) when (IsAway(exception) && !limit.IsCancellationRequested)
            {
                database.DataSource.Clear();
                await Task.Delay(20, CancellationToken.None);
            }
        }
    }

    // 57: shutting down, starting up, or ended by an administrator.
    private static bool IsAway(NpgsqlException exception) => exception is not PostgresException { SqlState: not ['5', '7', ..] };
}
