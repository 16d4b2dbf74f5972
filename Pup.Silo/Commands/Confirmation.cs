using Pup.Silo.Configuration;
using Spectre.Console;

namespace Pup.Silo.Commands;

/// <summary>Asks before something is done that cannot be taken back.</summary>
internal static class Confirmation
{
    /// <param name="what">What will happen, as a sentence.</param>
    /// <param name="yes">Whether --yes was said.</param>
    /// <param name="cancellationToken">Stops asking.</param>
    /// <exception cref="ConfigurationException">There is nobody to ask.</exception>
    /// <exception cref="StartupException">Somebody said no.</exception>
    public static async Task DemandAsync(string what, bool yes, CancellationToken cancellationToken)
    {
        if (yes)
            return;
        if (Console.IsInputRedirected || Console.IsErrorRedirected)
            throw new ConfigurationException($"{what} There is no terminal to ask on: say --yes. Nothing was done.");
        if (!await Answer.Side.PromptAsync(new ConfirmationPrompt(Markup.Escape($"{what} Go on?")) { DefaultValue = false }, cancellationToken))
            throw new StartupException("Nothing was done.");
    }
}
