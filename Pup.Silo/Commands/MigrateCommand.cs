using System.CommandLine;
using Pup.Grains.Feed;
using Pup.Grains.Schema;
using Pup.Silo.Clustering;
using Pup.Silo.Hosting;

namespace Pup.Silo.Commands;

/// <summary><c>pup migrate</c>: creates or updates the tables, or prints what would do it.</summary>
internal static class MigrateCommand
{
    public static Command Create()
    {
        var command = new Command("migrate", "Creates or updates Pup's tables in the database.");
        var script = new Option<bool>("--script") { Description = "Print the SQL instead of running it." };
        command.Add(script);
        var flags = new ConfigurationFlags(command);
        command.SetAction(async (parsed, cancellationToken) =>
        {
            if (parsed.GetValue(script))
            {
                await Console.Out.WriteAsync((SchemaMigrator.Script() + ClusterSchema.Script()).AsMemory(), cancellationToken);
                return 0;
            }

            var configuration = flags.Read(parsed);
            DatabaseCheck.RequireAddress(configuration);
            await using var dataSource = PupConnectionString.CreateDataSource(PupConnectionString.DedicatedSession(configuration.Options));
            var applied = (await new SchemaMigrator(dataSource).MigrateAsync(cancellationToken)).ToList();
            if (await new ClusterSchema(dataSource).MigrateAsync(cancellationToken))
                applied.Add($"Orleans' tables in schema {ClusterSchema.Name}");
            Console.WriteLine(applied.Count == 0 ? "The schema is up to date." : $"Applied {string.Join(", ", applied)}.");
            return 0;
        });
        return command;
    }
}
