using System.CommandLine;
using Pup.Client.Operations;
using Pup.Silo.Doctor;

namespace Pup.Silo.Commands.Operations;

/// <summary>Commands that change how a projection runs, and take nothing from it: <c>pause</c>, <c>resume</c>, <c>restart</c>, <c>repartition</c>.</summary>
internal static class ChangeCommands
{
    public static Command CreatePause() => Create(
        "pause", "Stops a projection, also across restarts, until it is resumed.", static (client, name, token) => client.PauseAsync(name, token), static name => $"{name} is paused.");

    public static Command CreateResume() => Create(
        "resume", "Lets a paused or faulted projection run again.", static (client, name, token) => client.ResumeAsync(name, token), static name => $"{name} runs again.");

    public static Command CreateRestart() => Create(
        "restart", "Makes every partition start anew from its checkpoint.", static (client, name, token) => client.RestartAsync(name, token), static name => $"{name} was restarted.");

    public static Command CreateRepartition()
    {
        var name = OperationCommand.Name();
        var partitions = new Argument<int>("N") { Description = "Number of partitions, from 1 to 10,000." };
        partitions.Validators.Add(result =>
        {
            if (result.Tokens is [var token] && (!int.TryParse(token.Value, out var number) || number is < 1 or > 10_000))
                result.AddError($"N is '{token.Value}', but must be from 1 to 10,000.");
        });
        return new Command("repartition", "Gives a projection another number of partitions while it runs.") { name, partitions }.Does(async (parsed, operation, json, cancellationToken) =>
        {
            var (projection, number) = (parsed.GetRequiredValue(name), parsed.GetValue(partitions));
            await OperationCommand.AnswerAsync(operation.Projections.RepartitionAsync(projection, number, cancellationToken));
            return new Done(projection, "repartition", number).Tell(json, $"{projection} has {Words.Count(number, "partition")}.");
        });
    }

    private static Command Create(string verb, string description, Func<IProjectionClient, string, CancellationToken, Task> change, Func<string, string> sentence)
    {
        var name = OperationCommand.Name();
        return new Command(verb, description) { name }.Does(async (parsed, operation, json, cancellationToken) =>
        {
            var projection = parsed.GetRequiredValue(name);
            await OperationCommand.AnswerAsync(change(operation.Projections, projection, cancellationToken));
            return new Done(projection, verb).Tell(json, sentence(projection));
        });
    }
}
