namespace Pup.Silo.Commands.Operations;

/// <summary>What a change answers to a program.</summary>
/// <param name="Projection">What was changed.</param>
/// <param name="Action">What was done to it.</param>
/// <param name="Count">How many, where that is the answer.</param>
internal sealed record Done(string Projection, string Action, long? Count = null)
{
    /// <summary>Answers, to a program or with a sentence.</summary>
    public int Tell(bool json, string sentence)
    {
        if (json)
            Answer.Json(this);
        else
            Answer.Terminal.Write(new Spectre.Console.Text(Answer.Printable(sentence) + "\n"));
        return ExitCodes.Done;
    }
}
