using Npgsql;
using Pup.Grains.Feed;

namespace Pup.Grains.Projections;

/// <summary>
/// Takes a connection back from a handler that was given up and may still be within a command on it, or at any time start one: ends
/// its session in the server. Without that, closing it here would wait for the handler's command, and the pool would run dry.
/// </summary>
internal static class AbandonedSession
{
    private const int Attempts = 5;
    private static readonly TimeSpan _patience = TimeSpan.FromSeconds(2);

    private const string TerminateSql = "select pg_terminate_backend(pid) from pg_stat_activity where pid = $1 and application_name like 'pup%'";

    /// <returns>False when the server could not be told, or the connection did not come to rest: it is lost to the pool.</returns>
    public static async Task<bool> TakeBackAsync(Generation generation, NpgsqlConnection connection, Func<Task> closeAsync)
    {
        var pid = connection.ProcessID;
        var closing = Task.CompletedTask;
        for (var attempt = 0; attempt < Attempts; attempt++)
        {
            try
            {
                await TerminateAsync(generation, pid);
                // The handler's thread may need a moment to meet the end of its command.
                if (closing.IsCompleted)
                    closing = closeAsync();
                await closing.WaitAsync(_patience, CancellationToken.None);
                return true;
            }
            catch (Exception exception) when (exception is NpgsqlException or TimeoutException or InvalidOperationException or ObjectDisposedException)
            {
            }
        }

        return false;
    }

    private static async Task TerminateAsync(Generation generation, int pid)
    {
        await using var command = generation.DataSource.CreateCommand(TerminateSql);
        command.Parameters.Add(new NpgsqlParameter<int> { TypedValue = pid });
        await command.ExecuteNonQueryAsync(CancellationToken.None);
    }
}
