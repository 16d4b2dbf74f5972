using System.CommandLine;
using Pup.Grains.Checkpoints;

namespace Pup.Silo.Commands.Operations;

/// <summary><c>pup sql recover NAME</c>: prints the statements of a recovery by hand, as they fit the projection now.</summary>
internal static class SqlCommand
{
    public static Command Create() => new("sql", "Prints statements for work by hand.") { CreateRecover() };

    private static Command CreateRecover()
    {
        var name = OperationCommand.Name();
        return new Command("recover", "Prints the statements that let a projection apply the log again, for its current partitions.") { name }.Does(async (parsed, operation, json, cancellationToken) =>
        {
            var report = await operation.Projections.GetAsync(parsed.GetRequiredValue(name), cancellationToken);
            var statements = Statements(report.Projection, report.Partitions.Count);
            if (json)
                Answer.Json(new { report.Projection, Partitions = report.Partitions.Count, Statements = statements });
            else
                await Console.Out.WriteAsync(Script(report.Projection, report.Partitions.Count, statements).AsMemory(), cancellationToken);
            return ExitCodes.Done;
        });
    }

    /// <summary>What is run between pausing and resuming. A projection's name has no character that a literal would have to escape.</summary>
    public static IReadOnlyList<string> Statements(string projection, int partitions)
    {
        var rows = string.Join(", ", Enumerable.Range(0, partitions).Select(index => $"'{CheckpointName.Of(projection, index, partitions)}'"));
        return
        [
            $"delete from projection_dead_letters where projection_name = '{projection}';",
            $"delete from projection_checkpoints where projection_name in ({rows});",
        ];
    }

    private static string Script(string projection, int partitions, IReadOnlyList<string> statements) => $"""
        -- Recovery of projection '{projection}', which has {partitions} partition{(partitions == 1 ? "" : "s")}, by hand.
        -- `pup rebuild {projection}` does all of it in one step, where the projection can be reset.
        -- 1. Stop it: `pup pause {projection}`
        begin;
        -- 2. For a corrupted read model, empty it here: truncate table ...;
        --    For a checkpoint that was lost, leave this out only if applying events again does no harm.
        {string.Join(Environment.NewLine, statements)}
        commit;
        -- 3. Let it go on: `pup resume {projection}`
        --    With a reset, it is rebuilt as a whole; without one, it starts at position 0.
        --    While a repartition is being worked off it asks for a rebuild instead: `pup rebuild {projection}`

        """;
}
